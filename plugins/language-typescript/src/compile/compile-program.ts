import { compileCell, compileFile, withOrigin } from './compile-file.ts';
import { isUnreadable, rewriteSpecifiers } from './imports.ts';
import { clashes, emittedName, resolveImport } from './names.ts';
import { wholeFile, type Compilation, type Problem, type Program, type SourceText } from './program.ts';
import { SourceRefused } from './swc.ts';

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** What a file becomes, or what is wrong with it. @throws any Error when the compiler broke. */
function compileOne(file: SourceText, paths: ReadonlySet<string>, isCell: boolean): SourceText | Problem {
  const { path } = file;
  const name = emittedName(path);
  if (path.endsWith('.tsx')) return wholeFile(path, 'JSX is not supported; use a .ts file');
  const source = decode(file.content);
  const resolve = (specifier: string) => resolveImport(specifier, path, paths);
  if (name === undefined) {
    try {
      return source === undefined ? file : { path, content: Buffer.from(rewriteSpecifiers(source, resolve)) };
    } catch {
      return file; // Node says what is wrong with the user's own JavaScript
    }
  }
  if (source === undefined) return wholeFile(path, 'is not valid UTF-8');
  try {
    if (isCell) return { path: name, content: Buffer.from(compileCell(path, source).code) };
    const emitted = compileFile(path, source);
    const code = rewriteSpecifiers(emitted.code, resolve);
    return { path: name, content: Buffer.from(withOrigin(path, source, { ...emitted, code })) };
  } catch (thrown) {
    if (thrown instanceof SourceRefused) return thrown.problem;
    if (isUnreadable(thrown)) return wholeFile(path, 'its imports cannot be read');
    throw thrown;
  }
}

/** Compiles every source of a program on its own, and reports the first problem of each. Never throws. */
export function compileProgram({ sources, others, isCell = false }: Program): Compilation {
  const paths = new Set([...sources.map((file) => file.path), ...others]);
  const problems: Problem[] = [...clashes([...paths])].map(([path, why]) => wholeFile(path, why));
  const compiled: SourceText[] = [];
  for (const file of sources) {
    try {
      const result = compileOne(file, paths, isCell);
      if ('content' in result) compiled.push(result);
      else problems.push(result);
    } catch {
      const problem = wholeFile(
        file.path,
        'cannot be compiled: it is nested too deeply, or has a mistake in a very long line',
      );
      return { ok: false, problems: [...problems, problem], broken: true };
    }
  }
  return problems.length === 0 ? { ok: true, files: compiled } : { ok: false, problems, broken: false };
}
