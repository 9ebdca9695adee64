import type { Diagnostic } from '@soulbox/plugin-sdk';
import { messageLines, ownFile } from '@soulbox/plugin-sdk/toolchain';

const compilerError = /^(.+\.java):(\d+): error: (.*)$/;
const mark = /^([\t ]*)\^$/;
const more = /^ {2}(symbol|location): +(.*)$/;

function compilerErrors(lines: readonly string[]): Diagnostic[] {
  const starts = lines.flatMap((line, index) => (compilerError.test(line) ? [index] : []));
  return starts.map((start, n) => {
    const [, file = '', line, text = ''] = compilerError.exec(lines[start] ?? '') ?? [];
    const block = lines.slice(start + 1, starts[n + 1]);
    const column = block.map((each) => mark.exec(each)?.[1]?.length).find((indent) => indent !== undefined) ?? 0;
    const details = block.flatMap((each) => more.exec(each)?.slice(1).join(': ') ?? []);
    const message = [text, ...details].join('; ');
    return { file: ownFile(file) ?? file, line: Number(line), column: column + 1, message };
  });
}

const thrown = /^Exception in thread ".*?" (.*)$/;
const frame = /^\tat (?:([\w.$]+)\/)?([\w.$<>]+)\(([^()]+\.java):(\d+)\)$/;

/** Of the first class of a stack trace that no module of the JDK holds; its file is told by its package. */
function uncaught(lines: readonly string[]): Diagnostic[] {
  const start = lines.findIndex((line) => thrown.test(line));
  const [, message] = thrown.exec(lines[start] ?? '') ?? [];
  if (message === undefined) return [];
  for (const line of lines.slice(start + 1)) {
    const [, module, method, file, number] = frame.exec(line) ?? [];
    if (module !== undefined || method === undefined || file === undefined) continue;
    const folder = method.split('.').slice(0, -2);
    return [{ file: [...folder, file].join('/'), line: Number(number), column: 1, message }];
  }
  return [];
}

/** Every error that the compiler named, or where an exception came from that nothing caught. */
export async function diagnose(stage: string, stderr: string): Promise<Diagnostic[]> {
  const lines = messageLines(stderr);
  return stage === 'compile' ? compilerErrors(lines) : uncaught(lines);
}
