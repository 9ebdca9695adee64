import type { RunOutcome } from '../../src/contracts/sandbox.ts';

/** The version that HELLO must state. */
export const protocolVersion = 1;

/** Bytes of a frame after its length field, besides the payload: `u8 type | u32 run`. */
export const frameOverhead = 5;
export const maximumPayload = 1_048_576;
/** Of a file that is kept of a stage. */
export const maximumKept = 33_554_432;

export const frameType = Object.freeze({
  open: 0x01,
  file: 0x02,
  append: 0x03,
  stage: 0x04,
  start: 0x05,
  stdin: 0x06,
  stdinEof: 0x07,
  credit: 0x08,
  kill: 0x09,
  ping: 0x0a,
  shutdown: 0x0b,
  stats: 0x0c,
  warm: 0x0d,
  hello: 0x81,
  stageStart: 0x82,
  output: 0x83,
  stdinCredit: 0x84,
  stageEnd: 0x85,
  end: 0x86,
  refused: 0x87,
  pong: 0x88,
  usage: 0x89,
  fileOut: 0x8a,
});

export type AgentVerdict = RunOutcome['verdict'];

export const verdictNumbers: ReadonlyMap<number, AgentVerdict> = new Map([
  [0, 'ok'],
  [1, 'exit'],
  [2, 'signal'],
  [3, 'timeout'],
  [4, 'memory-limit'],
  [5, 'output-limit'],
  [6, 'process-limit'],
  [7, 'disk-limit'],
  [9, 'denied'],
  [10, 'cancelled'],
  [11, 'lost'],
]);

export const limitNames = [null, 'wallMs', 'cpuMs', 'memoryBytes', 'outputBytes', 'processes', 'diskBytes'] as const;
export type LimitName = (typeof limitNames)[number];

/** Which limits can have caused a verdict; verdicts that are not here come without one. */
export const limitsOfVerdict: Partial<Record<AgentVerdict, readonly LimitName[]>> = {
  timeout: ['wallMs', 'cpuMs'],
  'memory-limit': ['memoryBytes'],
  'output-limit': ['outputBytes'],
  'process-limit': ['processes'],
  'disk-limit': ['diskBytes'],
};

export const refusalCodes = ['invalid', 'busy', 'setup', 'path', 'disk'] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** Linux numbers, from 1: the agent's, which the host's own may differ from. */
const signalNames =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );

/** E.g. `SIGKILL` for 9 and `SIG34` for a real-time signal. */
export function signalName(number: number): string {
  return `SIG${signalNames[number - 1] ?? number}`;
}
