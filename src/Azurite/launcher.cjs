// Runs Azurite until standard input ends, because the process that started it has then ended, even by a crash. Deletes its files.
'use strict';
const fs = require('fs');

function leave() {
  fs.rmSync(process.env.AZURITE_TEMPORARY_FOLDER, { recursive: true, force: true });
  process.exit(0);
}

process.stdin.on('end', leave);
process.stdin.on('error', leave);
process.stdin.resume();

// Before each request to a queue it removes the messages that have expired, which are mostly none. Then its database would
// sort all messages of all accounts again for each of its indexes.
const Loki = require('lokijs');
const { removeBatch } = Loki.Collection.prototype;
Loki.Collection.prototype.removeBatch = function (batch) {
  if (batch.length > 0) {
    removeBatch.call(this, batch);
  }
};

// By itself it writes each of its databases to the disk every five seconds, whole.
if (process.env.AZURITE_SAVES === 'never') {
  Loki.prototype.autosaveEnable = () => {};
}

require('azurite/dist/src/azurite.js');
