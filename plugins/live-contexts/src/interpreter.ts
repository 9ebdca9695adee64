import { once, SoulboxError, type ContextPlan, type LiveAgent } from '@soulbox/plugin-sdk';
import { boxEnvironment } from '@soulbox/plugin-sdk/toolchain';
import { ControlLines } from './control-lines.ts';

export interface InterpreterSpec {
  readonly plan: ContextPlan;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly tag: string;
  readonly startMs: number;
}

export interface Interpreter {
  readonly process: number;
  /** Where the output of its next cell begins. */
  readonly offset: number;
}

const shortLines = 64 * 1024;

/** Resolves with the offset after its word that it is ready. @throws plugin_timeout, language_unavailable */
async function ready(agent: LiveAgent, process: number, startMs: number): Promise<number> {
  const signal = AbortSignal.timeout(startMs);
  const lines = new ControlLines(shortLines);
  let said = '';
  try {
    for await (const event of agent.attach(process, { signal })) {
      if (event.type === 'ended') break;
      if (event.type === 'gap') continue;
      if (event.stream !== 'control') said = (said + Buffer.from(event.data).toString()).slice(-1_000);
      else
        for (const message of lines.push(event.data))
          if (message.type === 'ready') return event.offset + event.data.length;
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw new SoulboxError('plugin_timeout', `the interpreter was not ready within ${startMs} ms`);
  }
  throw new SoulboxError('language_unavailable', 'the interpreter ended before it was ready', {
    details: { output: said },
  });
}

/** Starts one and waits until it can be used; one that cannot is ended. @throws as {@link LiveAgent.start} and when it is not ready */
export async function startInterpreter(agent: LiveAgent, spec: InterpreterSpec): Promise<Interpreter> {
  const { plan, env, cwd, tag, startMs } = spec;
  const { id } = await agent.start({
    argv: plan.argv,
    env: { ...boxEnvironment, ...plan.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    control: true,
    tag,
  });
  try {
    const [offset] = await Promise.all([
      ready(agent, id, startMs),
      agent.input(id, once(plan.preamble), { control: true }).catch(() => undefined),
    ]);
    return { process: id, offset };
  } catch (thrown) {
    await endInterpreter(agent, id);
    throw thrown;
  }
}

const endMs = 2_000;

/** Ends one with all that it started, as far as it is still there, and waits for its end. */
export async function endInterpreter(agent: LiveAgent, process: number): Promise<void> {
  try {
    await agent.kill(process, 'SIGKILL', { session: true });
    const from = (await agent.processes()).find(({ id }) => id === process)?.emitted ?? 0;
    for await (const { type } of agent.attach(process, { from, signal: AbortSignal.timeout(endMs) }))
      if (type === 'ended') return;
  } catch {
    // It was gone already, or the sandbox is.
  }
}
