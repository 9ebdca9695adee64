import { definePlugin, LiveSandboxes } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { addControl } from './control.ts';
import { addOutput } from './output.ts';
import { addStart } from './start.ts';

/** Starts programs in sandboxes that stay, and lets clients come back to them. */
export default definePlugin({
  id: 'live-processes',
  config: ConfigSchema,
  requires: { sandboxes: LiveSandboxes },
  setup(context, { sandboxes }) {
    addStart(context, sandboxes);
    addOutput(context, sandboxes);
    addControl(context, sandboxes);
  },
});
