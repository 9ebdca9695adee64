import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import type { ExecutionPlan, LanguageRuntime, PlanInput } from '@soulbox/plugin-sdk';
import {
  boxEnvironment,
  chooseEntry,
  languageImage,
  rememberWarm,
  toolchainRuntime,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { diagnose } from './diagnose.ts';
import { findJdks, type Jdk } from './jdk.ts';
import { mainClass, outline, publicType } from './outline.ts';
import { waitingCompiler } from './waiting.ts';

const packageFolder = new URL('../../', import.meta.url);

/** As the Dockerfile makes it. */
const inImage: Jdk = { home: '/usr/lib/jvm/soulbox', version: '', paths: [] };

const ending = '.java';
const entryRules = { codeName: 'Main.java', usual: ['Main.java', 'main.java', 'App.java'], extensions: [ending] };

/** Below the working directory: where compiled classes go, and are found. */
const classes = '.classes';

/** A heap that begins small and grows with what is kept in it, so that what is thrown away does not use up the memory. */
const machine = (heapMiB: number) => [
  '-XX:+UseSerialGC',
  '-Xms16m',
  `-Xmx${heapMiB}m`,
  '-XX:MinHeapFreeRatio=10',
  '-XX:MaxHeapFreeRatio=30',
  // A program counts on so many processors, and would start as many threads: a box allows few.
  `-XX:ActiveProcessorCount=${Math.min(4, availableParallelism())}`,
  '-XX:-UsePerfData',
  '-Xshare:auto',
];

const utf8 = ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-Dstderr.encoding=UTF-8'];

const compilerOptions = ['-encoding', 'UTF-8', '-proc:none', '-nowarn', '-XDsuppressNotes', '-d', classes];

function refuse(file: string, message: string): ExecutionPlan {
  return { ok: false, message: `${file}:1:1: ${message}\n`, diagnostics: [{ file, line: 1, column: 1, message }] };
}

/** A source that is alone may have any name; the compiler wants that of its public type. */
function named({ entry, files }: { entry: string; files: PlanInput['files'] }): typeof found {
  const found = { entry, files, main: '' };
  const content = files.find(({ path }) => path === entry)?.content;
  const read = outline(new TextDecoder().decode(content));
  const type = publicType(read);
  const isAlone = files.filter(({ path }) => path.endsWith(ending)).length === 1;
  const wanted = posix.join(posix.dirname(entry), `${type}${ending}`);
  if (isAlone && type !== undefined && wanted !== entry) {
    found.entry = wanted;
    found.files = files.map((file) => (file.path === entry ? { ...file, path: wanted } : file));
  }
  found.main = mainClass(read, posix.basename(found.entry, ending));
  return found;
}

/** Compiles and runs Java programs. `onUnusable` is told, for the log, why a JDK cannot be used. */
export function javaRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  const jvm = machine(config.heapMiB);
  const compilerMachine = [...jvm, '-XX:TieredStopAtLevel=1'];
  const waiting = rememberWarm();
  return toolchainRuntime({
    about: {
      name: 'java',
      aliases: ['jdk'],
      extensions: [ending],
      detection,
      canary: {
        code: 'class Canary {\n  record Unit(int value) {}\n  public static void main(String[] args) {\n    System.out.println(new Unit(1).value() + new Unit(2).value());\n  }\n}\n',
        stdout: '3\n',
      },
    },
    find: () => findJdks(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: inImage },
    onUnusable,
    plan(input, { home }) {
      const chosen = chooseEntry(input, entryRules);
      if (!chosen.entry.endsWith(ending))
        return refuse(chosen.entry, `cannot be run; a program's entry ends in ${ending}`);
      const { files, main } = named(chosen);
      const sources = files.filter(({ path }) => path.endsWith(ending)).map(({ path }) => `./${path}`);
      const compiler = compilerMachine.map((option) => `-J${option}`);
      const warm = config.waiting ? { warm: waiting(home, () => waitingCompiler(home, compilerMachine)) } : {};
      return {
        ok: true,
        files,
        stages: [
          {
            name: 'compile',
            argv: [`${home}/bin/javac`, ...compiler, ...compilerOptions, ...sources],
            env: boxEnvironment,
            compiles: true,
            ...warm,
          },
          {
            name: 'run',
            argv: [`${home}/bin/java`, ...jvm, ...utf8, '-cp', `${classes}:.`, main, ...input.args],
            env: boxEnvironment,
            stdin: true,
          },
        ],
      };
    },
    diagnose,
  });
}
