export { configFrom, loadConfig, type LoadedConfig } from './config/load.ts';
export type { Config } from './config/schema.ts';
export { Host, type HostOptions, type HostState } from './host.ts';
export type { PluginState } from './plugins/record.ts';
export type { InlinePlugin, PackagedPlugin } from './plugins/source.ts';
export { hostVersion } from './version.ts';
