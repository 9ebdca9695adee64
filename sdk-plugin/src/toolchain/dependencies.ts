import { SoulboxError } from '../errors.ts';

/**
 * Takes each dependency apart by the notation of a package manager.
 * @param notation matches a whole dependency
 * @param example for the message: `requests==2.32.3`
 * @throws SoulboxError `invalid_params`, with all that are refused under `details.problems`
 */
export function matchDependencies(
  dependencies: readonly string[],
  notation: RegExp,
  example: string,
): RegExpExecArray[] {
  const matches = dependencies.map((dependency) => notation.exec(dependency));
  const problems = matches.flatMap((match, index) =>
    match ? [] : [{ path: `dependencies.${index}`, message: `must be written like ${example}` }],
  );
  const first = problems[0];
  if (first) throw new SoulboxError('invalid_params', `${first.path}: ${first.message}`, { details: { problems } });
  return matches.filter((match) => match !== null);
}

/** A URL's host and port, as {@link DependencyPlan.hosts} wants them: `pypi.org:443`. */
export function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`;
}

/** @returns never. @throws SoulboxError `language_unavailable`: the language works, but its package manager is not there */
export function refuseDependencies(language: string, advice: string): never {
  throw new SoulboxError('language_unavailable', `${language} has no package manager here; ${advice}`, {
    details: { field: 'dependencies' },
  });
}
