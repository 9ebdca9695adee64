import { whyNoBox } from '../support/boxes.ts';
import { needs } from '../support/needs.ts';
import { languageTable } from './table.ts';

const noBox = await whyNoBox();

languageTable({ driver: 'linux', skip: ({ tools }) => noBox || needs(...tools) });
