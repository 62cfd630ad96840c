// Runs Azurite until standard input ends: whoever started it is gone then, however that came about. Its files go with it.
'use strict';
const fs = require('fs');

function leave() {
  fs.rmSync(process.env.AZURITE_TEMPORARY_FOLDER, { recursive: true, force: true });
  process.exit(0);
}

process.stdin.on('end', leave);
process.stdin.on('error', leave);
process.stdin.resume();
require('azurite/dist/src/azurite.js');
