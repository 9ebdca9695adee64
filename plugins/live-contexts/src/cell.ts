import {
  CharacterSplitter,
  once,
  toWireText,
  type ContextError,
  type ContextMessage,
  type LiveAgent,
  type WireText,
} from '@soulbox/plugin-sdk';
import { ControlLines } from './control-lines.ts';

export type Stream = 'stdout' | 'stderr';
export type Shown = Extract<ContextMessage, { type: 'display' | 'result' }>;

/** Told of what a cell does, in order; the interpreter waits for each to be done. */
export interface CellListener {
  started(): void;
  output(stream: Stream, data: Uint8Array, text: WireText | undefined): Promise<void>;
  shown(message: Shown): Promise<void>;
  failed(error: ContextError): Promise<void>;
}

export interface CellOrder {
  readonly agent: LiveAgent;
  readonly process: number;
  /** Where in the process's output this cell's begins. */
  readonly from: number;
  readonly id: number;
  readonly code: string;
  readonly most: number;
  readonly listener: CellListener;
}

export interface CellEnd {
  /** Where the next cell's output begins. */
  readonly offset: number;
  /** Whether the interpreter ended under it. */
  readonly lost: boolean;
}

/** Runs a cell to its end. @throws payload_too_large, and what {@link LiveAgent.attach} throws */
export async function runCell({ agent, process, from, id, code, most, listener }: CellOrder): Promise<CellEnd> {
  const bytes = Buffer.from(code);
  const leave = new AbortController();
  const request = Buffer.concat([Buffer.from(`${id} ${bytes.length}\n`), bytes]);
  // An interpreter that ends reads no more; that it ended is told by its output.
  const sent = agent.input(process, once(request), { control: true, signal: leave.signal }).catch(() => undefined);
  const lines = new ControlLines(most);
  const splitters = { stdout: new CharacterSplitter(), stderr: new CharacterSplitter() };
  const tell = async (stream: Stream, data: Uint8Array, whole: Uint8Array) =>
    listener.output(stream, data, whole.length === 0 ? undefined : toWireText(whole));
  const rest = async () => {
    for (const stream of ['stdout', 'stderr'] as const)
      await tell(stream, new Uint8Array(0), splitters[stream].flush());
  };
  let offset = from;
  try {
    for await (const event of agent.attach(process, { from })) {
      if (event.type === 'ended') {
        await rest();
        return { offset, lost: true };
      }
      if (event.type === 'gap') continue;
      const { stream, data } = event;
      offset = event.offset + data.length;
      if (stream !== 'control') {
        await tell(stream, data, splitters[stream].push(data));
        continue;
      }
      for (const message of lines.push(data)) {
        if (message.type === 'ready' || message.id !== id) continue;
        if (message.type === 'end') {
          await rest();
          return { offset, lost: false };
        }
        if (message.type === 'start') listener.started();
        else if (message.type === 'error') {
          const { id: _, type: __, ...error } = message;
          await listener.failed(error);
        } else await listener.shown(message);
      }
    }
    return { offset, lost: true };
  } finally {
    leave.abort();
    await sent;
  }
}
