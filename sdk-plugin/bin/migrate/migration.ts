import type { PluginFolder } from './folder.ts';

/** One step of a plugin's package towards the present SDK. */
export interface Migration {
  /** The version of the SDK from which on plugins are as this leaves them. */
  readonly version: string;
  /** What it does, for the author. */
  readonly description: string;
  /** Whether there is anything to do, after the migrations before it. */
  applies(folder: PluginFolder): Promise<boolean>;
  apply(folder: PluginFolder): Promise<void>;
}
