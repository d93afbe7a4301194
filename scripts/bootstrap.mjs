/**
 * Every npm script enters here, on whatever Node the machine has and with nothing installed: bring the checkout up to
 * date, then hand the task to the pinned Node. This file keeps to syntax that any Node parses, so that an old one
 * gets a sentence instead of a SyntaxError.
 */
const version = process.versions.node.split('.').map(Number);
const isTooOld = version[0] < 20 || (version[0] === 20 && version[1] < 19);

if (isTooOld) {
  console.error(`Morket needs Node 20.19 or newer; this is ${process.version}. Install one from https://nodejs.org.`);
  process.exitCode = 1;
} else {
  import('./bootstrap/main.mjs')
    .then((main) => main.bootstrap(process.argv.slice(2)))
    .catch((err) => {
      console.error(err);
      process.exitCode = 1;
    });
}
