import { definePlugin, LiveSandboxes, SandboxRecords, Store } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { Networks } from './networks.ts';
import { addOperations } from './operations.ts';
import { NetworkRecord } from './shapes.ts';

/** Decides on every connection and every question for a name that leaves a sandbox that stays. */
export default definePlugin({
  id: 'live-networks',
  config: ConfigSchema,
  requires: { sandboxes: LiveSandboxes, store: Store },
  // The gateway of a sandbox is seen to by one at a time.
  reload: 'exclusive',
  async setup(context, { sandboxes, store }) {
    const records = await SandboxRecords.open(store, 'networks', NetworkRecord, sandboxes);
    const networks = new Networks(context, sandboxes, records);
    await context.effect(async () => {
      await networks.open();
      return () => networks.close();
    }, 'networks');

    context.hooks.tap('live.planning', (plan, { id, request, principal }) => {
      if (request.network === undefined) return plan;
      networks.check(request.network, principal.tenant, id);
      return { ...plan, gateway: true, handled: [...plan.handled, 'network' as const] };
    });
    context.hooks.tap('live.connected', ({ sandbox, agent }) => networks.connected(sandbox, agent));
    context.hooks.tap('live.ended', ({ sandbox: { id } }) => networks.forget(id));
    addOperations(context, networks);
  },
});
