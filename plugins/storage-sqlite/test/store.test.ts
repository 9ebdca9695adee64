import { storeSuite } from '@soulbox/plugin-sdk/conformance';
import { createFixture } from './fixture.ts';

storeSuite({ name: 'storage-sqlite', create: createFixture });
