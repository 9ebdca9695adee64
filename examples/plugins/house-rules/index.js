import { definePlugin, z } from '@soulbox/plugin-sdk';

/** House rules for every execution: at most so much time, and no source that holds a banned word. */
export default definePlugin({
  id: 'house-rules',
  config: z.strictObject({
    maxWallMs: z.int().positive().default(2_000),
    bannedWords: z.array(z.string().min(1)).default([]),
  }),
  setup({ config, hooks, log }) {
    hooks.tap('execution.before', (request) => {
      const wallMs = Math.min(request.limits.wallMs, config.maxWallMs);
      return { ...request, limits: { ...request.limits, wallMs } };
    });
    hooks.tap('execution.veto', ({ request, principal }) => {
      const sources = request.files?.map((file) => file.content) ?? [request.code ?? ''];
      const word = config.bannedWords.find((banned) => sources.some((source) => source.includes(banned)));
      if (word === undefined) return undefined;
      log.info({ principal: principal.id, word }, 'refused by the house rules');
      return { reason: `the house rules do not allow "${word}"` };
    });
  },
});
