// Opens the page of mta_sts_status in Chromium: see page.js.

'use strict';

const { plan, is, open, run } = require('./page.js');


// The page has no script, so all of it is used without one.

const answers = async (page, text, name) => {
    await page.locator('#answer', { hasText: text }).waitFor()
        .catch(() => {});
    is((await page.textContent('#answer')).includes(text), true, name);
};

const testAsk = async () => {
    const { page, close } = await open({ javaScriptEnabled: false });

    is(await page.inputValue('#domain'), 'trial.example', 'what was asked for');
    await answers(page, 'Fetched 1 time,', '... and the answer');

    await page.fill('#domain', 'customer-39.example');
    await page.press('#domain', 'Enter');
    await answers(page, 'Not fetched yet', 'a domain that nobody fetched');

    await page.fill('#domain', 'other.example');
    await page.press('#domain', 'Enter');
    await answers(page, 'not in the configuration',
                  'a domain that is not ours');

    await page.press('.lists a >> nth=0', 'Enter');
    await answers(page, 'Fetched', 'a domain of a list leads to its counter');

    await close('without script');
};


run(testAsk);
