function flood() {
  process.stdout.write('x'.repeat(1 << 16), flood);
}
flood();
