import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SoulboxError, type LayerRequest, type Limits, type RunEvent, type SandboxDriver } from '@soulbox/plugin-sdk';
import { locateAgent } from '@soulbox/plugin-sdk/agent';
import { findCommand, ToolchainUnusable } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { EgressProxy } from './egress-proxy.ts';
import { unpack } from './unpack.ts';

export interface BuildTools {
  readonly config: Config;
  /** A folder for what builds need while they run. */
  readonly scratch: string;
  readonly onRefused: (target: string, why: string) => void;
  readonly signal: AbortSignal;
}

const port = 3128;
const packStage = 'layer';
const outputBytes = 16_384;
const agentInImage = '/usr/local/bin/soulbox-agent';
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** Where the programs that every build needs are in its boxes, and what must be shown for that. */
interface Surroundings {
  readonly agent: string;
  readonly tar: string;
  readonly paths: readonly string[];
}

async function surroundings({ spec, plan }: LayerRequest, folder: string): Promise<Surroundings> {
  if (spec.image !== undefined) return { agent: agentInImage, tar: '/bin/tar', paths: [] };
  const [tar] = findCommand('tar');
  if (tar === undefined) throw new ToolchainUnusable('tar is not installed');
  // This project may lie below /tmp, which every box has for itself; the folder of the build does not.
  const agent = join(folder, 'agent');
  await copyFile(locateAgent(), agent);
  await chmod(agent, 0o755);
  return {
    agent,
    tar,
    paths: [...spec.paths, ...(plan.paths ?? []), tar, ...(existsSync(certificates) ? [certificates] : [])],
  };
}

/** Every program of a package manager has another name for the proxy. */
function environment(image: boolean): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  const names = [
    'http_proxy',
    'https_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'npm_config_proxy',
    'npm_config_https_proxy',
  ];
  const shown = image || existsSync(certificates);
  return {
    ...Object.fromEntries(names.map((name) => [name, proxy])),
    NO_PROXY: '',
    no_proxy: '',
    ...(shown
      ? { SSL_CERT_FILE: certificates, REQUESTS_CA_BUNDLE: certificates, NODE_EXTRA_CA_CERTS: certificates }
      : {}),
  };
}

function limitsOf({ wallMs, memoryBytes, layerBytes }: Config): Limits {
  // Headers of files take room in the archive too.
  return { wallMs, cpuMs: wallMs, memoryBytes, outputBytes: layerBytes * 2, processes: 256, diskBytes: layerBytes * 2 };
}

/**
 * Carries a plan out in a box of its own and unpacks what it made into `target`, an empty folder. Returns its bytes.
 * @throws dependency_failed, cancelled, and what the driver throws
 */
export async function build(
  driver: SandboxDriver,
  request: LayerRequest,
  target: string,
  tools: BuildTools,
): Promise<number> {
  const { config, scratch, signal, onRefused } = tools;
  const unknown = request.plan.hosts.find((host) => !config.allow.includes(host));
  if (unknown !== undefined)
    throw new SoulboxError('dependency_failed', `builds may not reach ${unknown} on this host`, {
      details: { host: unknown },
    });
  // Names as short as can be: the path of a socket has little room.
  const folder = await mkdtemp(join(scratch, 'b'));
  await chmod(folder, 0o755);
  const path = join(folder, 's');
  const allow = new Set(request.plan.hosts);
  const proxy = await EgressProxy.listen({ path, allow, private: new Set(config.private), onRefused });
  try {
    return await inBox(driver, request, { folder, socket: path, target, config, signal });
  } finally {
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface BoxWork {
  readonly folder: string;
  readonly socket: string;
  readonly target: string;
  readonly config: Config;
  readonly signal: AbortSignal;
}

async function inBox(driver: SandboxDriver, request: LayerRequest, work: BoxWork): Promise<number> {
  const { plan, spec } = request;
  const { agent, tar, paths } = await surroundings(request, work.folder);
  const box = await driver.create({ ...spec, paths: [...paths, work.folder], labels: { purpose: 'layer' } }, work);
  try {
    const env = environment(spec.image !== undefined);
    const relay = [agent, 'relay', String(port), work.socket];
    const stages = [
      ...plan.stages.map(({ name, argv, env: own }) => ({ name, argv: [...relay, ...argv], env: { ...own, ...env } })),
      { name: packStage, argv: [tar, '-C', 'layer', '-cf', '-', '.'], env: {} },
    ].map((stage) => ({ ...stage, stdin: false }));
    const run = { id: randomUUID(), files: plan.files, stages, limits: limitsOf(work.config) };
    const outcome = new Outcome();
    const archive = outcome.archiveOf(driver.run(box.id, run, { signal: work.signal }));
    const { layerBytes: bytes, layerFiles: files } = work.config;
    const unpacking = unpack(archive, work.target, { bytes, files });
    // What went wrong in the box explains why there was nothing to unpack.
    const unpacked = await unpacking.catch((thrown: unknown) => (outcome.failure() ?? thrown) as Error);
    const failure = outcome.failure() ?? (unpacked instanceof Error ? unpacked : undefined);
    if (failure) throw failure;
    return unpacked as number;
  } finally {
    await driver.destroy(box.id);
  }
}

/** Tells apart what a build prints for people and the archive that its last stage writes. */
class Outcome {
  private said = '';
  private stage = '';
  private verdict: string | undefined;

  async *archiveOf(events: AsyncIterable<RunEvent>): AsyncGenerator<Uint8Array> {
    for await (const event of events) {
      if (event.type === 'stage') this.stage = event.name;
      else if (event.type === 'end') this.verdict = event.outcome.verdict;
      else if (event.type === 'stdout' && this.stage === packStage) yield event.data;
      else this.said = (this.said + Buffer.from(event.data).toString('utf8')).slice(-outputBytes);
    }
  }

  failure(): SoulboxError | undefined {
    if (this.verdict === undefined || this.verdict === 'ok') return undefined;
    if (this.verdict === 'cancelled') return new SoulboxError('cancelled', 'the caller cancelled it');
    const message = `the dependencies could not be built: stage ${this.stage} ended as ${this.verdict}`;
    return new SoulboxError(this.verdict === 'lost' ? 'sandbox_lost' : 'dependency_failed', message, {
      details: { stage: this.stage, verdict: this.verdict, output: this.said },
    });
  }
}
