import { SoulboxError, type Problem, type z } from '@soulbox/plugin-sdk';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a key, rather than that something is; of alternatives, the problems with the one that the value was
 * meant to be: it is right as a whole, not in its parts.
 */
function flatten(issue: Issue): readonly Issue[] {
  if (issue.code === 'invalid_key') return issue.issues.map((inKey) => ({ ...inKey, path: issue.path }));
  if (issue.code !== 'invalid_union') return [issue];
  const isPart = ({ path, code }: Issue) => path.length > 0 || code === 'unrecognized_keys';
  const meant = issue.errors.find((alternative) => alternative.every(isPart));
  return meant?.flatMap((part) => flatten({ ...part, path: [...issue.path, ...part.path] })) ?? [issue];
}

/** What is wrong with a configuration, each with the path of the setting itself. */
export function problemsIn(error: z.ZodError | undefined): Problem[] {
  return (error?.issues ?? []).flatMap(flatten).flatMap((issue) => {
    const path = issue.path.map(String);
    // An unknown key's path is its parent's; the key itself makes the better message.
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'unknown key' }))
      : [{ path: path.join('.'), message: issue.message }];
  });
}

/** The error for settings that are wrong, each named with its line. */
export function invalid(problems: readonly Problem[], where: (path: readonly string[]) => string): SoulboxError {
  const lines = problems.map((p) => `${where(p.path.split('.'))}: ${p.path}: ${p.message}`);
  return new SoulboxError('config_invalid', lines.join('\n'), { details: { problems } });
}
