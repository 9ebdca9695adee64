import type { Interpreter } from './interpreter.ts';

const settings: Readonly<Record<string, string>> = {
  display_errors: 'stderr',
  display_startup_errors: '1',
  error_reporting: '-1',
  html_errors: '0',
  log_errors: '0',
  // The box holds the limits.
  memory_limit: '-1',
  max_execution_time: '0',
  'zend.assertions': '1',
  'date.timezone': 'UTC',
};

/**
 * Options that make PHP behave the same whatever the machine's php.ini says, which is not read.
 * @param prepended a file that is run before the program
 */
export function interpreterOptions({ extensions }: Pick<Interpreter, 'extensions'>, prepended?: string): string[] {
  const before = prepended === undefined ? [] : [`auto_prepend_file=./${prepended}`];
  const given = [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ...extensions.map((name) => `extension=${name}`),
    ...before,
  ];
  return ['-n', ...given.flatMap((setting) => ['-d', setting])];
}
