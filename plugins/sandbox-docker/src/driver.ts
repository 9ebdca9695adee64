export { Engine } from './engine.ts';
export { SettingsSchema, type Settings } from './settings.ts';
