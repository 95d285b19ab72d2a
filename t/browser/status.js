// Opens the page of mta_sts_status in Chromium: see page.js.

'use strict';

const { plan, is, open, run } = require('./page.js');


// The page has no script, so all of it is used without one.

const testAsk = async () => {
    const { page, close } = await open({ javaScriptEnabled: false });

    is(await page.inputValue('#domain'), 'trial.example', 'what was asked for');
    is((await page.textContent('#answer')).includes('Fetched 1 time,'), true,
       '... and the answer');

    await page.fill('#domain', 'customer-39.example');
    await page.press('#domain', 'Enter');
    await page.waitForLoadState();
    is((await page.textContent('#answer')).includes('Not fetched yet'), true,
       'a domain that nobody fetched');

    await page.fill('#domain', 'other.example');
    await page.press('#domain', 'Enter');
    await page.waitForLoadState();
    is((await page.textContent('#answer')).includes('not in the configuration'),
       true, 'a domain that is not ours');

    await page.press('.lists a >> nth=0', 'Enter');
    await page.waitForLoadState();
    is((await page.textContent('#answer')).includes('Fetched'), true,
       'a domain of a list leads to its counter');

    await close('without script');
};


run(testAsk);
