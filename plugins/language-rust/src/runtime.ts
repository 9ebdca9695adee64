import type { BoxFile, LanguageImage, LanguageRuntime, PlannedStage } from '@soulbox/plugin-sdk';
import { chooseEntry, runStage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { cratesPlan, packageTable } from './dependencies.ts';
import { detection } from './detection.ts';
import { diagnose } from './diagnose.ts';
import { cargoTarget } from './manifest.ts';
import { cargoStage, manifestStage, manifestStart, program, rustcStage, withCargo } from './stages.ts';
import { findToolchains, imageToolchain } from './toolchains.ts';

const extensions = ['.rs'];
const entryRules = { codeName: 'main.rs', usual: ['main.rs', 'src/main.rs'], extensions };

const canary = { code: 'fn main() {\n    println!("{}", (1..10).sum::<i32>());\n}\n', stdout: '45\n' };

export interface RustRuntimeOptions {
  readonly config: Config;
  readonly image: LanguageImage;
  /** Told, for the log, why a toolchain cannot be used. */
  readonly onUnusable: (detail: string) => void;
}

/** Compiles and runs Rust programs. */
export function rustRuntime({ config, image, onUnusable }: RustRuntimeOptions): LanguageRuntime {
  return toolchainRuntime({
    about: { name: 'rust', aliases: ['rs'], extensions, detection, canary },
    find: () => findToolchains(config),
    image: { image, toolchain: imageToolchain() },
    onUnusable,
    plan(input, toolchain) {
      const { entry, files } = chooseEntry(input, entryRules);
      const { layer } = input;
      const target = cargoTarget(entry, files);
      const added: BoxFile[] = [];
      const stages: PlannedStage[] = [];
      if (target) stages.push(cargoStage(target, withCargo(toolchain), layer));
      else if (layer === undefined) stages.push(rustcStage(entry, toolchain, config));
      else {
        // Compiled as a package of its own, so that Cargo finds and compiles the dependencies.
        const binary = `\n[[bin]]\nname = "main"\npath = ${JSON.stringify(entry)}\n`;
        added.push({ path: manifestStart, content: Buffer.from(`${packageTable(config.edition)}${binary}`) });
        stages.push(
          manifestStage(layer),
          cargoStage({ manifest: 'Cargo.toml', selection: [] }, withCargo(toolchain), layer),
        );
      }
      return { ok: true, files: [...files, ...added], stages: [...stages, runStage(program, input.args)] };
    },
    dependencies: (input, toolchain) => cratesPlan(input, toolchain, config),
    diagnose: async (stage, stderr) => diagnose(stage, stderr),
  });
}
