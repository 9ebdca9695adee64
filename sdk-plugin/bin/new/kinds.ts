/** What the scaffolder knows of one kind of plugin beyond its templates. */
export interface Kind {
  /** Of a plugin as it is made, for package.json and README.md. */
  readonly summary: string;
  /** `soulbox.permissions` of package.json, with the marks of templates. */
  readonly permissions?: Readonly<Record<string, unknown>>;
  /** `soulbox.provides` and `soulbox.requires`. */
  readonly provides?: readonly string[];
  readonly requires?: readonly string[];
  /** Further keys of `soulbox`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Modules that the package exports beside its plugin, by their names in src. */
  readonly modules?: readonly string[];
}

/** Every kind of plugin that can be made; each has a folder of templates of the same name. */
export const kinds: Readonly<Record<string, Kind>> = {
  hook: {
    summary: 'Gives every execution at most so much time.',
    permissions: { hooks: ['execution.before'] },
  },
  operation: {
    summary: 'Counts the words of a text.',
    permissions: { operations: ['{{group}}.count'] },
  },
  sandbox: {
    summary: 'Makes sandboxes of namespaces.',
    permissions: { files: { read: ['*'], write: ['*'] }, processes: true },
    provides: ['sandbox-driver@1.0.0'],
  },
  language: {
    summary: 'Runs programs of the shell.',
    permissions: { files: { read: ['*'] }, processes: true },
    provides: ['language-runtime@1.0.0'],
  },
  auth: {
    summary: 'Knows who holds one of the keys in the configuration.',
    provides: ['auth-provider@1.0.0'],
  },
  storage: {
    summary: 'Keeps documents in memory and in a journal.',
    provides: ['store@1.0.0'],
  },
  cache: {
    summary: 'Keeps bytes in memory.',
    provides: ['cache@1.0.0'],
  },
  scaling: {
    summary: 'Keeps sandboxes ready by the load.',
    permissions: { hooks: ['scaling.signal'] },
  },
  transport: {
    summary: 'Serves the operations over HTTP, as lines of JSON.',
    permissions: { network: ['*'] },
    provides: ['transport@1.0.0'],
    requires: ['api@1.0.0'],
    more: { client: { schemes: ['http'], export: './client' } },
    modules: ['client'],
  },
  'console-panel': {
    summary: 'Adds a page to the web console.',
    provides: ['console-panel@1.0.0'],
  },
};
