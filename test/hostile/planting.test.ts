import { describe } from 'node:test';
import { languages, plantingSuite } from './planting-suite.ts';

describe('state that one execution plants, in sandboxes of Linux', () => plantingSuite('linux', languages));
