interface Greeting {
  readonly name: string;
  readonly language: string;
}

function say({ name, language }: Greeting): string {
  return `Hello, ${name}, from ${language}`;
}

const [name = 'world'] = process.argv.slice(2);
console.log(say({ name, language: 'TypeScript' }));
