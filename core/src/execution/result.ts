import { toWireText } from '@soulbox/plugin-sdk';
import type {
  ExecutionRequest,
  ExecutionResult,
  LanguageInfo,
  RunOutcome,
  SoulboxError,
  StageResult,
} from '@soulbox/plugin-sdk';
import type { EventLog } from './event-log.ts';

const noUsage = { wallMs: 0, cpuMs: 0, peakMemoryBytes: null };

/** The result of an execution that has just been accepted. */
export function initialResult(request: ExecutionRequest, language: LanguageInfo, createdAt: string): ExecutionResult {
  return {
    id: request.id,
    verdict: null,
    status: 'running',
    exitCode: null,
    signal: null,
    stdout: '',
    stderr: '',
    encoding: { stdout: 'utf8', stderr: 'utf8' },
    truncated: { stdout: false, stderr: false },
    usage: noUsage,
    stages: [],
    language: { name: language.name, version: language.version },
    sandbox: null,
    enforced: null,
    cache: { hit: false },
    error: null,
    labels: request.labels ?? {},
    createdAt,
    startedAt: null,
    settledAt: null,
  };
}

/** The parts of a result that its output makes. */
export function outputOf(log: EventLog): Pick<ExecutionResult, 'stdout' | 'stderr' | 'encoding'> {
  const stdout = toWireText(log.collect('stdout'));
  const stderr = toWireText(log.collect('stderr'));
  return { stdout: stdout.text, stderr: stderr.text, encoding: { stdout: stdout.encoding, stderr: stderr.encoding } };
}

function sumUsage(stages: readonly StageResult[]): ExecutionResult['usage'] {
  const peaks = stages.flatMap((stage) => stage.usage.peakMemoryBytes ?? []);
  const sum = (pick: (stage: StageResult) => number) => stages.reduce((total, stage) => total + pick(stage), 0);
  return {
    wallMs: sum((s) => s.usage.wallMs),
    cpuMs: sum((s) => s.usage.cpuMs),
    peakMemoryBytes: peaks.length === 0 ? null : Math.max(...peaks),
  };
}

/** What a driver reported, as the parts of a result. */
export function outcomeParts(outcome: RunOutcome): Partial<ExecutionResult> {
  const { verdict, exitCode, signal, stages, truncated, enforced } = outcome;
  const lost = { code: 'sandbox_lost', message: 'the sandbox died under the execution', retryable: true };
  return {
    verdict,
    exitCode,
    signal,
    stages: [...stages],
    truncated: { ...truncated },
    enforced,
    usage: sumUsage(stages),
    error: verdict === 'lost' ? lost : null,
  };
}

export function errorPart(error: SoulboxError): NonNullable<ExecutionResult['error']> {
  return { code: error.code, message: error.message, retryable: error.entry.retryable };
}

/** The parts that hooks cannot change: all but the output and the labels. */
export function protectedParts(result: ExecutionResult): Partial<ExecutionResult> {
  const {
    stdout: _stdout,
    stderr: _stderr,
    encoding: _encoding,
    truncated: _truncated,
    labels: _labels,
    ...kept
  } = result;
  return kept;
}
