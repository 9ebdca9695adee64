import type {
  Enforcement,
  ExecutionRequest,
  ExecutionResult,
  HookArguments,
  HookName,
  Hooks,
  Limits,
  LiveSandboxInfo,
  Principal,
  SandboxInfo,
} from '@soulbox/plugin-sdk';

const id = '00000000-0000-4000-8000-000000000001';
const time = '2026-01-01T00:00:00.000Z';
const now = Date.parse(time);
const labels = { project: 'sample' };
const principal: Principal = { id: 'sample-caller', tenant: 'sample', roles: [], scopes: ['*'] };

const limits: Limits = {
  wallMs: 10_000,
  cpuMs: 10_000,
  memoryBytes: 64 * 1024 * 1024,
  outputBytes: 1024 * 1024,
  processes: 16,
  diskBytes: 16 * 1024 * 1024,
};

const request: ExecutionRequest = {
  id,
  tenant: principal.tenant,
  principalId: principal.id,
  language: 'script',
  code: 'out sample',
  args: [],
  env: {},
  labels,
  limits,
};

const enforced: Enforcement = {
  level: 'standard',
  namespaces: 'sample',
  user: 'sample',
  filesystem: 'sample',
  network: 'none',
  seccomp: 'sample',
  memory: 'sample',
  processes: 'sample',
  cpu: 'sample',
  disk: 'sample',
  output: 'sample',
  wall: 'sample',
};

const usage = { wallMs: 5, cpuMs: 3, peakMemoryBytes: 1024 };

const result: ExecutionResult = {
  id,
  verdict: 'ok',
  status: 'settled',
  exitCode: 0,
  signal: null,
  stdout: 'sample\n',
  stderr: '',
  encoding: { stdout: 'utf8', stderr: 'utf8' },
  truncated: { stdout: false, stderr: false },
  usage,
  stages: [{ name: 'run', verdict: 'ok', exitCode: 0, signal: null, usage, limit: null, diagnostics: [] }],
  language: { name: 'script', version: '1.0.0' },
  sandbox: { id: 'sample-box', driver: 'scripted' },
  enforced,
  cache: { hit: false },
  error: null,
  labels,
  createdAt: time,
  startedAt: time,
  settledAt: time,
};

const sandbox: SandboxInfo = { id: 'sample-box', state: 'running', createdAt: time, labels };

const liveSandbox: LiveSandboxInfo = {
  id: 'sbsample',
  tenant: principal.tenant,
  owner: principal.id,
  driver: 'scripted',
  state: 'ended',
  createdAt: time,
  image: null,
  languages: ['script'],
  limits: { memoryBytes: limits.memoryBytes, diskBytes: limits.diskBytes, processes: limits.processes },
  env: {},
  metadata: {},
  labels: [],
  request: {},
};

/** For each hook of the host, arguments as a host would call it with; made anew by each call. */
const samples: { readonly [N in HookName]?: HookArguments<Hooks[N]> } = {
  'host.ready': [{ addresses: ['ws://127.0.0.1:1'] }],
  'host.draining': [{ deadlineMs: 1_000 }],
  'host.stopped': [{ reason: 'a sample' }],
  'plugin.changed': [{ plugin: 'sample', from: 'starting', to: 'active', reason: null }],
  'sandbox.creating': [{ paths: ['/usr'], labels }, { driver: 'scripted' }],
  'sandbox.created': [{ sandbox, driver: 'scripted' }],
  'sandbox.destroyed': [{ id: sandbox.id, driver: 'scripted', reason: 'idle' }],
  'auth.authenticate': [{ scheme: 'x-sample', value: 'sample', remote: '127.0.0.1' }],
  'auth.veto': [{ principal, operation: 'host.info', permission: 'host:read' }],
  'auth.decided': [{ principal, operation: 'host.info', allowed: true, reason: null }],
  'execution.before': [request, { principal }],
  'execution.veto': [{ request, principal }],
  'execution.lookup': [{ ...request, cache: true, resultKey: 'sample' }],
  'execution.output': [new TextEncoder().encode('sample\n'), { id, stream: 'stdout', last: false }],
  'execution.after': [result, { request }],
  'execution.settled': [{ request, result }],
  'scaling.signal': [{ want: 2 }, { driver: 'scripted', image: null, ready: 1, assigned: 1, taken: 1, at: now }],
  'scaling.programs': [
    { want: 2 },
    {
      driver: 'scripted',
      sandboxId: sandbox.id,
      tenant: 'sample',
      language: 'script',
      version: '1.0.0',
      limits: request.limits,
      waiting: 2,
      running: 1,
      uses: 3,
      usedAt: now,
      at: now,
    },
  ],
  'live.ended': [{ sandbox: liveSandbox, reason: 'request' }],
  'scaling.changed': [{ driver: 'scripted', from: 1, to: 2 }],
};

/** Arguments as a host would call the hook with; `undefined` for a hook that is not the host's own. */
export function sampleArguments(hook: string): unknown[] | undefined {
  const found = Object.hasOwn(samples, hook) ? samples[hook as HookName] : undefined;
  return found && structuredClone(found);
}
