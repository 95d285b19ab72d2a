// Prints HCL of standard input as JSON: by Terraform's own parser, compiled to
// WebAssembly.  The argument is the folder of node's modules.

'use strict';

const { parse } = require(`${process.argv[2]}/@cdktf/hcl2json`);

parse('stdin.tf', require('fs').readFileSync(0, 'utf8'))
    .then((tree) => console.log(JSON.stringify(tree)))
    .catch((error) => {
        console.error(String(error));
        process.exit(1);
    });
