// What a compiled script costs before it has done anything.
process.exit(0);
