import { needs } from '../../support/needs.ts';
import { output, recipes, stepsOf, type Step } from './commands.ts';
import type { Resources } from './resources.ts';
import type { Program, System } from './system.ts';

interface Wrapped {
  readonly name: string;
  /** The command that runs a step behind walls; by default the step itself. */
  readonly wrap: (step: Step, resources: Resources) => readonly string[];
  readonly languages: (all: readonly string[]) => readonly string[];
  readonly available: () => Promise<string | null>;
  readonly version: () => Promise<string>;
}

/** A system that is one command for each step of a program, started by Node.js. */
export function commandSystem(resources: Resources, wrapped: Wrapped): System {
  const all = recipes(resources.toolchains, resources.tsc);
  let languages: readonly string[] = [];
  return {
    name: wrapped.name,
    get languages() {
      return languages;
    },
    available: wrapped.available,
    prepare(wanted) {
      const tools: Readonly<Record<string, string>> = { go: 'go', java: 'javac', cpp: 'g++', rust: 'rustc' };
      const there = wanted.filter((language) => language in all && needs(tools[language] ?? language) === false);
      const interpreted = wanted.filter((language) => ['python', 'javascript', 'typescript'].includes(language));
      languages = wrapped.languages([...new Set([...interpreted, ...there])]);
      return Promise.resolve();
    },
    version: wrapped.version,
    async run(program: Program) {
      const steps = await stepsOf(all[program.language]!, program, resources.makeFolder);
      let stdout = '';
      for (const step of steps) stdout = await output(wrapped.wrap(step, resources), step.folder);
      return stdout;
    },
    workers: () => ({ roots: [] }),
    close: () => Promise.resolve(),
  };
}

/** The program started by Node.js, with nothing around it. */
export const bare = (resources: Resources): System =>
  commandSystem(resources, {
    name: 'bare process',
    wrap: ({ argv }) => argv,
    languages: (all) => all,
    available: () => Promise.resolve(null),
    version: async () => (await output([resources.toolchains.commands['.py']![0]!, '--version'])).trim(),
  });

/** What boxes run, too: with the environment's own modules, which the leanest of all starts leaves out. */
export const bareWithSite = (resources: Resources): System =>
  commandSystem(resources, {
    name: 'bare process, as users start it',
    wrap: ({ argv }) => argv.filter((argument) => argument !== '-I' && argument !== '-S'),
    languages: (all) => all.filter((language) => language === 'python'),
    available: () => Promise.resolve(null),
    version: () => output([resources.toolchains.commands['.py']![0]!, '--version']).then((text) => text.trim()),
  });
