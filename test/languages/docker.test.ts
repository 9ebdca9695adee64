import { needsImages } from '../support/images.ts';
import { languages, languageTable } from './table.ts';

const skip = await needsImages(languages);
const engine = process.env['DOCKER_HOST'];

languageTable({
  driver: 'docker',
  ...(engine === undefined ? {} : { config: `{ host: '${engine}' }` }),
  skip: () => skip,
});
