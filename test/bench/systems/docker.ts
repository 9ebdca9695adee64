import { output } from './commands.ts';
import { whyNoEngine, type BenchEngine } from './engine.ts';
import type { Resources } from './resources.ts';
import type { Program, System } from './system.ts';

/** As images have it: the paths of those that are built for languages. */
const commands: Readonly<Record<string, (code: string) => readonly string[]>> = {
  python: (code) => ['/usr/bin/python3.11', '-I', '-S', '-c', code],
  javascript: (code) => ['/usr/local/bin/node', '-e', code],
};

/** Walls that cost least to make: no network, and gone when it ends. */
const options = ['--network', 'none', '--rm', '--init=false'];

interface DockerSystem {
  readonly name: string;
  readonly start: (docker: readonly string[], engine: BenchEngine, languages: readonly string[]) => Promise<void>;
  readonly run: (docker: readonly string[], engine: BenchEngine, program: Program) => Promise<string>;
  readonly stop: (docker: readonly string[]) => Promise<void>;
}

function dockerSystem(resources: Resources, { name, start, run, stop }: DockerSystem): System {
  let docker: readonly string[] = [];
  let engine: BenchEngine | undefined;
  let languages: readonly string[] = [];
  return {
    name,
    get languages() {
      return languages;
    },
    mostClients: 8,
    available: whyNoEngine,
    async prepare(wanted) {
      engine = await resources.engine();
      docker = ['docker', '--host', engine.host];
      languages = wanted.filter((language) => language in commands && engine!.languages.includes(language));
      await start(docker, engine, languages);
    },
    version: async () => `docker ${(await output([...docker, 'version', '--format', '{{.Server.Version}}'])).trim()}`,
    run: (program) => run(docker, engine!, program),
    workers: () => ({ roots: [], elsewhereMs: () => engine!.processorMs() }),
    close: async () => {
      if (engine) await stop(docker);
    },
  };
}

const argvOf = ({ language, code }: Program): readonly string[] => commands[language]!(code);

/** A container made, started, attached to, waited for and removed by the command line of Docker. */
export const dockerRun = (resources: Resources): System =>
  dockerSystem(resources, {
    name: 'docker run',
    start: () => Promise.resolve(),
    run: (docker, engine, program) =>
      output([...docker, 'run', ...options, engine.image(program.language), ...argvOf(program)]),
    stop: () => Promise.resolve(),
  });

/** A new process in a container that runs already, and that all of them share. */
export function dockerExec(resources: Resources): System {
  const containers = new Map<string, string>();
  return dockerSystem(resources, {
    name: 'docker exec',
    start: async (docker, engine, languages) => {
      for (const language of languages) {
        const argv = [...docker, 'run', '--detach', ...options, engine.image(language), 'sleep', '100000'];
        containers.set(language, (await output(argv)).trim());
      }
    },
    run: (docker, _, program) => output([...docker, 'exec', containers.get(program.language)!, ...argvOf(program)]),
    stop: async (docker) => {
      await Promise.all([...containers.values()].map((id) => output([...docker, 'rm', '--force', id])));
    },
  });
}
