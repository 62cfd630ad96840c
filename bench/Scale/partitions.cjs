// Has Azurite find table rows as Azure does: one row by its keys, and the rows of a query within its partition. By itself, it keeps two
// sorted arrays of all rows of a table, so each of millions of inserts moves millions of entries, and compares all rows for each query.
// For `search` with 200,000 rows: NODE_OPTIONS="--require …/bench/Scale/partitions.cjs --max-old-space-size=12000"
'use strict';
const path = require('path');

const modules = path.join(__dirname, '..', '..', 'src', 'Azurite', 'node_modules');
const persistence = path.join(modules, 'azurite', 'dist', 'src', 'table', 'persistence');
const Loki = require(path.join(modules, 'lokijs'));
const addCollection = Loki.prototype.addCollection;

Loki.prototype.addCollection = function (name, options) {
  if (!options?.indices?.includes('PartitionKey')) {
    return addCollection.call(this, name, options);
  }

  const collection = addCollection.call(this, name, { ...options, indices: [] });
  const partitions = new Map();
  const { insert, remove, findOne } = collection;
  collection.rowsOf = (partition) => partitions.get(partition) ?? new Map();
  collection.insert = function (row) {
    const inserted = insert.call(this, row);
    if (!partitions.has(row.PartitionKey)) {
      partitions.set(row.PartitionKey, new Map());
    }

    partitions.get(row.PartitionKey).set(row.RowKey, inserted);
    return inserted;
  };
  collection.remove = function (row) {
    partitions.get(row.PartitionKey).delete(row.RowKey);
    return remove.call(this, row);
  };
  collection.findOne = function (query) {
    return query && 'RowKey' in query && 'PartitionKey' in query
      ? this.rowsOf(query.PartitionKey).get(query.RowKey) ?? null
      : findOne.call(this, query);
  };
  return collection;
};

const Store = require(path.join(persistence, 'LokiTableMetadataStore.js')).default;
const queryTableEntities = Store.prototype.queryTableEntities;

Store.prototype.queryTableEntities = async function (context, account, table, queryOptions, ...place) {
  const partition = /^PartitionKey eq '((?:[^']|'')*)'/.exec(queryOptions.filter ?? '')?.[1].replaceAll("''", "'");
  const collection = this.getEntityCollection(account, table, context);
  if (partition === undefined) {
    return queryTableEntities.call(this, context, account, table, queryOptions, ...place);
  }

  // The same code on the rows of the partition.
  const rows = [...collection.rowsOf(partition).values()];
  const store = Object.create(this);
  store.getEntityCollection = () => ({ chain: () => new Rows(rows) });
  return queryTableEntities.call(store, context, account, table, queryOptions, ...place);
};

class Rows {
  constructor(rows) {
    this.rows = rows;
  }

  where(matches) {
    return new Rows(this.rows.filter((row) => matches(row)));
  }

  sort(compare) {
    return new Rows(this.rows.sort(compare));
  }

  limit(count) {
    return new Rows(this.rows.slice(0, count));
  }

  data() {
    return this.rows;
  }
}
