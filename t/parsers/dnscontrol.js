// Runs a dnsconfig.js of standard input against stubs of DNSControl's functions
// and prints the records that it declares as JSON.

'use strict';

const vm = require('vm');

const zones = [];
const record = (type) => (name, value, ...modifiers) => {
    if (typeof name !== 'string' || typeof value !== 'string') {
        throw new TypeError(`${type}(${name}, ${value})`);
    }
    return Object.assign({ type, name, value }, ...modifiers);
};

const context = {
    D_EXTEND(zone, ...records) {
        if (typeof zone !== 'string') {
            throw new TypeError(`D_EXTEND(${zone})`);
        }
        zones.push({ zone, records });
    },
    TTL(ttl) {
        return { ttl };
    },
};

for (const type of ['A', 'AAAA', 'CNAME', 'TXT']) {
    context[type] = record(type);
}

vm.runInNewContext(require('fs').readFileSync(0, 'utf8'), context);

console.log(JSON.stringify(zones));
