import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { programs } from './programs.ts';

bothWays(new URL('../..', import.meta.url), (way) =>
  languageRuntimeSuite({
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs,
  }),
);
