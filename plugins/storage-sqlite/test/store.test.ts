import { Store } from '@soulbox/plugin-sdk';
import { storeSuite } from '@soulbox/plugin-sdk/conformance';
import { packagedService } from '@soulbox/plugin-sdk/testing';
import { createFixture } from './fixture.ts';

storeSuite({ name: 'storage-sqlite', create: createFixture });
storeSuite({
  name: 'storage-sqlite in a process of its own',
  create: async () => {
    const folder = new URL('../..', import.meta.url);
    const { service, dispose } = await packagedService<Store>({ folder, isolation: 'process', token: Store });
    return { store: service, dispose };
  },
});
