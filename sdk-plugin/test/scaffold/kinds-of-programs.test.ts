import { tryKinds } from '../support/try-kinds.ts';

tryKinds(['language', 'sandbox']);
