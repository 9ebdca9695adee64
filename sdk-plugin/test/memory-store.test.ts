import { storeSuite } from '@soulbox/plugin-sdk/conformance';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';

storeSuite({
  name: 'MemoryStore',
  create: async () => {
    const store = new MemoryStore();
    return { store, share: async () => store, dispose: async () => {} };
  },
});
