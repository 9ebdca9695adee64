import { SoulboxError, type PlanInput, type SourceFile, fromWireText } from '@soulbox/plugin-sdk';

const maxNameBytes = 255; // the kernel's limit for one name in a path

/** Why a path cannot be used in a box, or `undefined` when it can. */
function problemWith(path: string): string | undefined {
  if (path.startsWith('/')) return 'must be relative';
  if (path.includes('\\') || path.includes('\0')) return 'must not contain a backslash or NUL';
  for (const name of path.split('/')) {
    if (name === '') return 'must not contain an empty name';
    if (name === '.' || name === '..') return 'must not contain "." or ".."';
    if (Buffer.byteLength(name) > maxNameBytes) return `must not contain a name of more than ${maxNameBytes} bytes`;
  }
  return undefined;
}

function outside(field: string, path: string, problem: string): SoulboxError {
  return new SoulboxError('path_outside_box', `${field}: "${path.slice(0, 100)}" ${problem}`, { details: { field } });
}

function refuseClashes(paths: readonly string[]): void {
  const seen = new Set<string>();
  for (const path of paths.toSorted()) {
    const parents = path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'));
    if (parents.some((parent) => seen.has(parent)))
      throw outside('files', path, 'is named twice, or lies below another file');
    seen.add(path);
  }
}

/**
 * Decodes what a client sent and checks every path and the size.
 * @throws path_outside_box, payload_too_large, invalid_params
 */
export function decodeSource(
  request: { code?: string | undefined; files?: SourceFile[] | undefined; entry?: string | undefined },
  maxBytes: number,
): Omit<PlanInput, 'args'> {
  const { code, files, entry } = request;
  const decoded = files?.map((file, index) => {
    const problem = problemWith(file.path);
    if (problem) throw outside(`files.${index}.path`, file.path, problem);
    return { path: file.path, content: fromWireText(file.content, file.encoding, `files.${index}.content`) };
  }) ?? [{ path: '', content: Buffer.from(code ?? '', 'utf8') }];
  const bytes = decoded.reduce((sum, file) => sum + file.content.byteLength, 0);
  if (bytes > maxBytes)
    throw new SoulboxError('payload_too_large', `the source has ${bytes} bytes; at most ${maxBytes} are accepted`, {
      details: { field: files ? 'files' : 'code', maxBytes },
    });
  refuseClashes(decoded.map((file) => file.path));
  const entryProblem = entry === undefined ? undefined : problemWith(entry);
  if (entry !== undefined && entryProblem) throw outside('entry', entry, entryProblem);
  if (entry !== undefined && !decoded.some((file) => file.path === entry)) {
    throw new SoulboxError('invalid_params', `entry: there is no file "${entry.slice(0, 100)}"`, {
      details: { problems: [{ path: 'entry', message: 'is not one of files' }] },
    });
  }
  return { files: decoded, entry };
}
