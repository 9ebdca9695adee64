import { tokens } from '../token.ts';
import type { RemoteClient } from './transport.ts';

/** What a console shows of a panel before any of its code runs. */
export interface ConsolePanelInfo {
  /** For its tab: a few words in one line. */
  readonly title: string;
  /** The path of one of its assets, an image. */
  readonly icon?: string;
  /** `group:verb`: who lacks it does not see the panel. */
  readonly permission: string;
  /** The path of one of its assets: an ES module that exports {@link MountPanel} as `mount`. */
  readonly module: string;
}

export interface ConsoleAsset {
  /** `text/javascript`, `image/svg+xml`. */
  readonly mediaType: string;
  readonly body: Uint8Array;
}

/** One page that a web console shows beside its own. Its assets are public to whoever may see the panel. */
export interface ConsolePanel {
  describe(): Promise<ConsolePanelInfo>;
  /** A file by its relative path with forward slashes; `undefined` for one that is not there. */
  asset(path: string): Promise<ConsoleAsset | undefined>;
}
export const ConsolePanel = tokens<ConsolePanel>('console-panel', '1.0.0');

/**
 * What a panel's module exports as `mount`: shows the panel in an empty element of the page. `client` calls the
 * operations with the rights of who looks at it. Returns what takes the panel away again.
 */
export type MountPanel<E = unknown> = (element: E, client: Pick<RemoteClient, 'call' | 'stream'>) => () => void;
