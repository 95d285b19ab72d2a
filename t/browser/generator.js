// Drives Chromium through the policy generator.  Standard input is JSON with its
// URL and what it must show; each line of standard output is the result of one
// check: {name, ok, detail}; the last one is {ended}.

'use strict';

const fs = require('fs');
const path = require('path');

const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
const { chromium } = require(path.join(plan.modules, 'playwright-core'));
const axe = require(path.join(plan.modules, 'axe-core'));

const WIDTHS = [360, 1440];
const SCHEMES = ['light', 'dark'];

const say = (object) => fs.writeSync(1, `${JSON.stringify(object)}\n`);

const ok = (value, name, detail) =>
    say({ name, ok: Boolean(value), detail: detail && String(detail) });

const is = (got, expected, name) =>
    ok(got === expected, name, `got: ${JSON.stringify(got)}\n`
       + `expected: ${JSON.stringify(expected)}`);

const urlOf = (fields) => `${plan.base}?${new URLSearchParams(fields)}`;

let browser;


// A page, and all that it did and should not have: dialogs, errors and messages
// of the console, violations of its Content-Security-Policy, other hosts.

const open = async (options = {}) => {
    const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        ...options,
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'],
                                   { origin: new URL(plan.base).origin });

    const page = await context.newPage();
    const bad = [];

    page.setDefaultTimeout(60000);
    page.on('dialog', (dialog) => {
        bad.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('console', (message) => {
        bad.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => bad.push(`error: ${error.message}`));
    context.on('request', (request) => {
        if (!request.url().startsWith(plan.base)) {
            bad.push(`request: ${request.url()}`);
        }
    });

    return {
        page,
        close: async (name) => {
            is(bad.join('\n'), '', `${name}: nothing in the console, `
               + 'no dialog, no other host');
            await context.close();
        },
    };
};


// Text of an element, or null without it.

const textOf = (page, id) => page.evaluate((name) => {
    const element = document.getElementById(name);
    return element && element.textContent;
}, id);

const valueOf = (page, id) => page.locator(`#${id}`).inputValue();

const focused = (page) => page.evaluate(() => document.activeElement.id);


// The mode by keyboard: an error of two lines that is shown when a field is left
// moves what is below it, and a slow machine's click then lands elsewhere.

const fill = async (page, fields) => {
    await page.fill('#domain', fields.domain);
    await page.press(`#mode-${fields.mode}`, 'Space');
    await page.fill('#mx', fields.mx);
    await page.selectOption('#max_age', fields.max_age);
    if (fields.max_age === 'other') {
        await page.fill('#max_age_other', fields.max_age_other);
    }
    await page.fill('#tlsrpt_rua', fields.tlsrpt_rua);
};


// Submits by keyboard, and waits until the result has the focus.

const submit = async (page, selector = 'form button[type=submit]') => {
    await page.press(selector, 'Enter');

    for (let i = 0; i < 1200; i++) {
        if (await focused(page).catch(() => '') === 'result') {
            return;
        }
        await new Promise((resolve) => {
            setTimeout(resolve, 50);
        });
    }

    ok(false, 'the result gets the focus', page.url());
};


// The shown result is that of a case, and the form is as it was typed.

const shows = async (page, expected, name) => {
    is(await textOf(page, 'policy'), expected.policy.replace(/\r/g, ''),
       `${name}: the policy`);
    is(await textOf(page, 'server'), expected.server,
       `${name}: the server block`);
    is(await textOf(page, 'record-sts-host'), '_mta-sts', `${name}: Host`);
    is(await textOf(page, 'record-sts-value'), expected.sts, `${name}: Value`);
    is(await textOf(page, 'record-tlsrpt-value'), expected.tlsrpt || null,
       `${name}: the TLSRPT record`);
    ok((await textOf(page, 'yaml')).startsWith('domains:\n'),
       `${name}: the YAML`);
};

const keeps = async (page, fields, name) => {
    for (const id of ['domain', 'mx', 'max_age', 'max_age_other',
                      'tlsrpt_rua']) {
        is(await valueOf(page, id), fields[id],
           `${name}: ${id} is still there`);
    }
    ok(await page.isChecked(`#mode-${fields.mode}`),
       `${name}: the mode is still chosen`);
};


const testModes = async () => {
    for (const expected of plan.cases) {
        const name = expected.fields.mode;
        const { page, close } = await open({ acceptDownloads: true });

        await page.goto(plan.base);
        await fill(page, expected.fields);
        await submit(page);

        is(new URL(page.url()).searchParams.get('domain'),
           expected.fields.domain, `${name}: the form is in the URL`);
        await shows(page, expected, name);
        await keeps(page, expected.fields, name);
        is(await page.locator('[aria-invalid]').count(), 0,
           `${name}: no field is invalid`);

        await testCopy(page, expected, name);
        await testDownload(page, expected, name);
        await close(name);
    }
};


// The clipboard, when it has changed from what was put there.

const copied = async (page) => {
    await page.waitForFunction(
        async () => (await navigator.clipboard.readText()) !== 'before');
    return page.evaluate(() => navigator.clipboard.readText());
};

const testCopy = async (page, expected, name) => {
    const ids = await page.locator('button.copy:visible')
        .evaluateAll((buttons) => buttons.map((one) => one.dataset.copy));
    const all = ['address-host', 'certbot', 'policy', 'server', 'yaml', 'curl',
                 'record-sts-host', 'record-sts-value', 'zone'];

    if (expected.tlsrpt) {
        all.push('record-tlsrpt-host', 'record-tlsrpt-value');
    }
    is(ids.slice().sort().join(' '), all.sort().join(' '),
       `${name}: a copy button for each`);

    for (const id of ids) {
        await page.evaluate(() => navigator.clipboard.writeText('before'));
        await page.focus(`button.copy[data-copy=${id}]`);
        await page.keyboard.press('Enter');
        is(await copied(page), await textOf(page, id), `${name}: copies ${id}`);
        is((await textOf(page, 'status')).trim(), 'Copied',
           `${name}: ... and says so`);
    }
};

const testDownload = async (page, expected, name) => {
    const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.press('#download', 'Enter'),
    ]);

    is(download.suggestedFilename(), 'mta-sts.txt', `${name}: download's name`);
    is(fs.readFileSync(await download.path(), 'latin1'), expected.policy,
       `${name}: the download has the exact bytes`);
};


const wrongFields = () => ({
    domain: plan.errors.domain[0],
    mode: 'enforce',
    mx: plan.errors.mx[0],
    max_age: 'other',
    max_age_other: plan.errors.max_age[0],
    tlsrpt_rua: plan.errors.tlsrpt_rua[0],
});

// What a page says of fields that are wrong, and to whom.

const errorsOf = async (page, wrong, name) => {
    for (const id of ['domain', 'mx', 'max_age', 'tlsrpt_rua']) {
        const field = page.locator(`#${id}`);
        const refers = await field.getAttribute('aria-describedby') || '';

        ok(refers.split(' ').includes(`error-${id}`),
           `${name}: ${id} refers to its error`, refers);

        if (wrong.includes(id)) {
            is((await textOf(page, `error-${id}`)).trim(), plan.errors[id][1],
               `${name}: ${id} has its error`);
            ok(await page.locator(`#error-${id}`).isVisible(),
               `${name}: ... which is visible`);
            is(await field.getAttribute('aria-invalid'), 'true',
               `${name}: ... and is invalid`);
        } else {
            is((await textOf(page, `error-${id}`) || '').trim(), '',
               `${name}: ${id} has no error`);
            is(await field.getAttribute('aria-invalid'), null,
               `${name}: ... and is not invalid`);
        }
    }
};

const testErrors = async () => {
    const { page, close } = await open();
    const fields = wrongFields();

    await page.goto(plan.base);
    await fill(page, fields);
    await submit(page);

    await errorsOf(page, ['domain', 'mx', 'max_age', 'tlsrpt_rua'], 'errors');
    await keeps(page, fields, 'errors');
    is(await textOf(page, 'policy'), null, 'errors: no policy');
    is(await focused(page), 'result', 'errors: the result has the focus');
    ok((await textOf(page, 'result-title')).startsWith('4 things'),
       'errors: the summary counts them');

    is(await page.locator('#summary a').count(), 4,
       'errors: the summary leads to each field');
    for (const id of ['domain', 'mx', 'max_age', 'tlsrpt_rua']) {
        await page.goto(urlOf(fields));
        await page.click(`#summary a[href="#${id}"]`);
        is(await focused(page), id, `errors: its link focuses ${id}`);
    }

    // one field alone

    const good = plan.cases[0].fields;
    for (const id of ['domain', 'mx', 'tlsrpt_rua']) {
        const one = { ...good, [id]: plan.errors[id][0] };
        await page.goto(urlOf(one));
        await errorsOf(page, [id], `only ${id}`);
        await keeps(page, one, `only ${id}`);
    }

    await page.goto(urlOf({ ...good, max_age: 'x' }));
    is(await page.locator('#max_age').inputValue(), 'other',
       'a max_age that is not in the list is "other"');

    await close('errors');
};


const testBack = async () => {
    const { page, close } = await open();
    const [first, second] = plan.cases;

    // to another page, without having submitted

    await page.goto(plan.base);
    await fill(page, first.fields);
    await page.locator('#policy').waitFor();
    await page.waitForFunction((part) => location.search.includes(part),
                               new URLSearchParams(
                                   { tlsrpt_rua: first.fields.tlsrpt_rua })
                                   .toString());
    await page.goto(`${plan.base}elsewhere`);
    await page.goBack();
    await keeps(page, first.fields, 'back to what was typed');
    await shows(page, first, 'back to what was typed');

    // and after having submitted, twice

    await submit(page);
    await page.goto(urlOf(second.fields));
    await page.goBack();
    await keeps(page, first.fields, 'back to what was submitted');
    await shows(page, first, 'back to what was submitted');
    await page.goForward();
    await keeps(page, second.fields, 'forward again');
    await shows(page, second, 'forward again');

    // to errors

    await page.goto(plan.base);
    await fill(page, wrongFields());
    await submit(page);
    await page.goto(`${plan.base}elsewhere`);
    await page.goBack();
    await keeps(page, wrongFields(), 'back to errors');
    await errorsOf(page, ['domain', 'mx', 'max_age', 'tlsrpt_rua'],
                   'back to errors');

    await close('back');
};


const testWithoutScript = async () => {
    const { page, close } = await open({
        javaScriptEnabled: false,
        acceptDownloads: true,
    });

    for (const expected of plan.cases) {
        const name = `without a script, ${expected.fields.mode}`;

        await page.goto(plan.base);
        await fill(page, expected.fields);
        await submit(page);
        await shows(page, expected, name);
        await keeps(page, expected.fields, name);
        is(await page.locator('button.copy:visible').count(), 0,
           `${name}: no copy button`);
        await testDownload(page, expected, name);
    }

    await page.goto(plan.base);
    await fill(page, wrongFields());
    await submit(page);
    await errorsOf(page, ['domain', 'mx', 'max_age', 'tlsrpt_rua'],
                   'without a script');
    await keeps(page, wrongFields(), 'without a script');
    ok(await page.locator('#summary').isVisible(),
       'without a script: the summary is there');

    await page.goto(urlOf(plan.cases[0].fields));
    await page.goto(urlOf(plan.cases[1].fields));
    await page.goBack();
    await keeps(page, plan.cases[0].fields, 'without a script, back');

    await close('without a script');
};


const testInstant = async () => {
    const { page, close } = await open();
    const [first, second] = plan.cases;

    await page.goto(plan.base);
    await page.evaluate(() => {
        window.stays = true;
    });

    // the fields that are still empty have no error while the first is typed

    await page.locator('#domain').pressSequentially(first.fields.domain);
    await page.waitForFunction(() => location.search !== '');
    is(await focused(page), 'domain', 'instant: the focus stays');
    is(await page.locator('#error-mx').textContent(), '',
       'instant: fields that were not reached have no error');
    ok(!await page.locator('#summary').isVisible(), 'instant: no summary');

    for (const expected of [first, second]) {
        await fill(page, expected.fields);
        await page.waitForFunction((policy) => {
            const shown = document.getElementById('policy');
            return shown && shown.textContent === policy
                && document.getElementById('record-tlsrpt-value');
        }, expected.policy.replace(/\r/g, ''));
        await page.waitForFunction(
            (search) => location.search.includes(search),
            new URLSearchParams({ tlsrpt_rua: expected.fields.tlsrpt_rua })
                .toString());
        await shows(page, expected, `instant, ${expected.fields.mode}`);
        await keeps(page, expected.fields, `instant, ${expected.fields.mode}`);
        await testCopy(page, expected, `instant, ${expected.fields.mode}`);
    }

    // an error shows when the field is left; the last result stays meanwhile

    await page.fill('#mx', plan.errors.mx[0]);
    await page.focus('#domain');
    await page.waitForFunction(
        () => document.getElementById('error-mx').textContent !== '');
    await errorsOf(page, ['mx'], 'instant error');
    is(await textOf(page, 'policy'), second.policy.replace(/\r/g, ''),
       'instant error: the last policy stays');
    ok(await page.locator('#result.stale').isVisible(),
       'instant error: ... and is marked');
    is(await focused(page), 'domain', 'instant error: the focus stays');

    await page.fill('#mx', second.fields.mx);
    await page.waitForFunction(
        () => document.getElementById('error-mx').textContent === '');
    await errorsOf(page, [], 'instant error, fixed');
    is(await page.locator('#result.stale').count(), 0,
       'instant error, fixed: the result is not marked');
    await shows(page, second, 'instant error, fixed');

    // the URL has what was typed

    await page.reload();
    await keeps(page, second.fields, 'instant, reload');
    await close('instant');
};

// On a phone: Generate leads to the result, with and without a script, and
// nothing that is typed moves the page.

const testPhone = async (javaScriptEnabled) => {
    const name = javaScriptEnabled ? 'phone' : 'phone without a script';
    const { page, close } = await open({
        viewport: { width: 360, height: 740 },
        javaScriptEnabled,
        reducedMotion: 'reduce',
    });

    const top = (id) => page.locator(`#${id}`)
        .evaluate((element) => element.getBoundingClientRect().top);

    for (const [what, fields] of [['result', plan.cases[0].fields],
                                  ['errors', wrongFields()]]) {
        await page.goto(plan.base);
        await fill(page, fields);
        await submit(page);

        is(await focused(page), 'result', `${name}, ${what}: has the focus`);
        const where = await top('result-title');
        ok(where >= 0 && where < 200, `${name}, ${what}: is at the top`,
           `${where} px`);
    }

    if (javaScriptEnabled) {
        await page.goto(urlOf(plan.cases[0].fields));
        await page.focus('#domain');
        const before = [await top('domain'), await top('result-title')];

        await page.fill('#domain', `${plan.cases[0].fields.domain}-`);
        await page.locator('#result.stale').waitFor();
        await page.waitForFunction(
            () => document.getElementById('error-domain').textContent);

        is(String([await top('domain'), await top('result-title')]),
           String(before), `${name}: an error moves nothing`);
    }

    await close(name);
};


// Steps that are ticked off stay so, for their domain.

const testSteps = async () => {
    const { page, close } = await open();
    const [first, second] = plan.cases;
    const ticked = () => page.locator('[data-step]:checked').count();

    await page.goto(urlOf(first.fields));
    is(await page.locator('.order a').count(),
       await page.locator('[data-step]').count(), 'steps: as many as in order');
    is(String(await page.locator('.order a').evaluateAll((all) => all.map(
        (link) => document.querySelector(link.hash).textContent
            .replace(/^\d\. /, '') === link.textContent))),
       String(Array(6).fill(true)), 'steps: in the same order');

    await page.check('[data-step=address]');
    await page.check('[data-step=policy]');
    await page.selectOption('#max_age', '2592000');
    await page.waitForFunction(() => document.getElementById('policy')
        .textContent.includes('2592000'));
    is(await ticked(), 2, 'steps: stay when the policy changes');

    await page.goto(urlOf(second.fields));
    is(await ticked(), 0, 'steps: are those of the domain');
    await page.goto(urlOf(first.fields));
    is(await ticked(), 2, 'steps: stay for later');

    // a number is where the first line of its link is

    const lines = await page.locator('.order li').last().evaluate((item) => {
        const text = document.createRange();
        const number = document.createElement('span');

        item.style.width = '6rem';
        number.textContent = '\u200b';
        item.prepend(number);
        text.selectNodeContents(item.querySelector('a'));

        return [number, text].map((one) => [...one.getClientRects()]
            .map(({ top }) => Math.round(top)));
    });

    ok(lines[1].length > 1, 'steps: a link of several lines', lines[1]);
    is(lines[0][0], lines[1][0], 'steps: its number is in the first');
    await close('steps');
};


// Each target is large enough for a finger; links in a text need not be.

const testTargets = async () => {
    const { page, close } = await open({ viewport: { width: 360,
                                                     height: 740 } });

    await page.goto(urlOf(plan.cases[0].fields));
    await page.locator('details').evaluateAll((all) => {
        for (const one of all) {
            one.open = true;
        }
    });

    const small = await page.evaluate(() => [...document.querySelectorAll(
        'button, input:not([type=radio], [type=checkbox]), select, textarea, '
        + 'summary, .order a, .tick, .choice')]
        .map((element) => [element, element.getBoundingClientRect()])
        .filter(([, box]) => box.height && (box.height < 44 || box.width < 44))
        .map(([element, box]) => `${element.outerHTML.slice(0, 60)}: `
             + `${box.width} x ${box.height}`));

    is(small.join('\n'), '', 'targets: at least 44 px');

    const cut = await page.evaluate(() => [...document.querySelectorAll(
        'pre, code, dd, li, p')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1
                && getComputedStyle(element).display !== 'inline'
                && !element.classList.contains('unseen'))
        .map((element) => element.outerHTML.slice(0, 80)));

    is(cut.join('\n'), '', 'targets: no text is cut');
    await close('targets');
};


const testPrint = async () => {
    const { page, close } = await open();

    await page.goto(urlOf(plan.cases[0].fields));
    await page.emulateMedia({ media: 'print' });
    await page.screenshot({
        path: path.join(plan.shots, 'print.png'),
        fullPage: true,
    });

    for (const [selector, shown] of [
        ['#policy', true], ['#record-sts-value', true], ['#form', false],
        ['.copy', false], ['.about', false],
    ]) {
        is(await page.locator(selector).first().isVisible(), shown,
           `print: ${selector}`);
    }
    await close('print');
};


const testStays = async () => {
    const { page, close } = await open();

    await page.goto(plan.base);
    await page.evaluate(() => {
        window.stays = true;
    });
    await fill(page, plan.cases[1].fields);
    await page.locator('#policy').waitFor();
    is(await page.evaluate(() => window.stays), true,
       'instant: the page is not loaded again');
    await close('instant');
};


const HOSTILE = [
    '"><script>window.hacked = 1</script>',
    "' onfocus='window.hacked = 1' autofocus='",
    '" onfocus="window.hacked = 1" autofocus="',
    '</textarea><script>window.hacked = 1</script>',
    '</title><script>window.hacked = 1</script>',
    '<img src=x onerror="window.hacked = 1">',
    '<svg/onload=window.hacked=1>', '{{domain}}', '{{#result}}',
    '\u2028<script>window.hacked = 1</script>', '\u202e<b>x</b>',
    'javascript:window.hacked=1', '<base href="//evil.example/">',
    '<meta http-equiv="refresh" content="0;url=//evil.example/">',
    '&lt;script&gt;window.hacked = 1&lt;/script&gt;',
];

const harmless = async (page, scripts, name) => {
    is(await page.evaluate(() => window.hacked), undefined,
       `${name}: nothing ran`);
    is(await page.locator('script').count(), scripts, `${name}: no script`);
    is(await page.locator('[onfocus], [onerror], [onload], base, img, svg, '
                          + 'meta[http-equiv]').count(), 0,
       `${name}: no element`);
};

const testInjection = async () => {
    const { page, close } = await open();
    const good = plan.cases[0].fields;

    await page.goto(plan.base);
    const scripts = await page.locator('script').count();

    for (const id of ['domain', 'mode', 'mx', 'max_age', 'max_age_other',
                      'tlsrpt_rua'])
    {
        for (const text of HOSTILE) {
            const fields = { ...good, max_age: 'other', max_age_other: '1w',
                             [id]: text };
            const name = `injection, ${id}: ${text}`;
            const shown = id === 'max_age' ? 'max_age_other' : id;

            await page.goto(urlOf(fields));
            await harmless(page, scripts, name);
            if (id !== 'mode') {
                is(await valueOf(page, shown), text, `${name}: as typed`);
            }
        }
    }

    // and by typing

    for (const id of ['domain', 'mx', 'tlsrpt_rua']) {
        for (const text of HOSTILE.slice(0, 8)) {
            const name = `typed injection, ${id}: ${text}`;
            const query = new URLSearchParams({ [id]: text }).toString();

            await page.goto(urlOf(good));
            await page.fill(`#${id}`, text);
            await page.locator('#max_age').focus();
            await page.waitForFunction((part) => location.search.includes(part),
                                       query);
            await harmless(page, scripts, name);
        }
    }

    await close('injection');
};


// States of the page, each for accessibility and for people to look at.

const states = () => ({
    empty: {},
    ...Object.fromEntries(plan.cases.map(
        (expected) => [expected.fields.mode, expected.fields])),
    errors: wrongFields(),
    warning: { ...plan.cases[0].fields, max_age: 'other', max_age_other: '1h' },
    long: {
        ...plan.cases[1].fields,
        domain: `${'a'.repeat(63)}.${'b'.repeat(63)}.example`,
        mx: `*.${'m'.repeat(63)}.${'n'.repeat(63)}.${'o'.repeat(63)}.example`,
        tlsrpt_rua: `https://reports.example/${'x'.repeat(70)}`,
    },
    longerrors: {
        ...wrongFields(),
        domain: `_${'a'.repeat(300)}`, mx: `_${'m'.repeat(300)}`,
    },
});

const testLooks = async () => {
    for (const width of WIDTHS) {
        for (const colorScheme of SCHEMES) {
            const { page, close } = await open({
                viewport: { width, height: width < 500 ? 740 : 900 },
                colorScheme,
                reducedMotion: 'reduce',
            });

            for (const [state, fields] of Object.entries(states())) {
                await page.goto(Object.keys(fields).length ? urlOf(fields)
                                                           : plan.base);
                await look(page, `${state}-${colorScheme}-${width}`, width);
            }

            await page.locator('details').evaluateAll((all) => {
                for (const one of all) {
                    one.open = true;
                }
            });
            await look(page, `questions-${colorScheme}-${width}`, width);
            await close(`looks, ${colorScheme}, ${width} px`);
        }
    }
};

const look = async (page, name, width) => {
    await page.screenshot({
        path: path.join(plan.shots, `${name}.png`),
        fullPage: true,
    });

    const size = await page.evaluate(
        () => document.documentElement.scrollWidth);
    ok(size <= width, `${name}: nothing to scroll sideways`, `${size} px`);

    const shown = await page.evaluate(() =>
        matchMedia('(prefers-color-scheme: dark)').matches);
    is(shown, name.includes('-dark-'), `${name}: the scheme`);

    // in the page's world, where its policy does not reach

    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    const faults = violations
        .map(({ id, nodes }) => nodes.map(
            (node) => `${id}: ${node.target}: ${node.failureSummary}`)
            .join('\n'));

    ok(passes.length > 10, `${name}: axe-core ran`);
    is(faults.join('\n'), '', `${name}: no fault of accessibility`);
};


// All of the form by keyboard alone.

const testKeyboard = async () => {
    const { page, close } = await open();
    const { fields } = plan.cases[1];

    await page.goto(plan.base);
    await page.keyboard.press('Tab');
    is(await focused(page), 'domain', 'keyboard: the first field');
    await page.keyboard.type(fields.domain);
    await page.keyboard.press('Tab');
    is(await focused(page), 'mx', 'keyboard: mail servers');
    await page.keyboard.type(fields.mx);
    await page.keyboard.press('Tab');
    is(await focused(page), 'mode-testing', 'keyboard: the mode');
    await page.keyboard.press('ArrowDown');
    is(await focused(page), 'mode-enforce', 'keyboard: another mode');
    await page.keyboard.press('Tab');
    is(await focused(page), 'tlsrpt_rua', 'keyboard: the report address');
    await page.keyboard.type(fields.tlsrpt_rua);
    await page.keyboard.press('Tab');
    is(await focused(page), 'max_age', 'keyboard: max_age');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    is(await valueOf(page, 'max_age'), '31557600', 'keyboard: a max_age');

    await submit(page, '#tlsrpt_rua');
    await shows(page, plan.cases[1], 'keyboard');
    is(await focused(page), 'result', 'keyboard: the result has the focus');
    await close('keyboard');
};


const main = async () => {
    browser = await chromium.launch({
        executablePath: plan.chromium,
        headless: true,
        // containers do not let a browser make one; the pages are our own
        chromiumSandbox: false,
        args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    });

    const parts = {
        modes: testModes, errors: testErrors, back: testBack,
        'without a script': testWithoutScript, instant: testInstant,
        stays: testStays, keyboard: testKeyboard,
        phone: () => testPhone(true),
        'phone without a script': () => testPhone(false),
        steps: testSteps, targets: testTargets, print: testPrint,
        injection: testInjection,
        looks: testLooks,
    };

    for (const [name, part] of Object.entries(parts)) {
        const begin = Date.now();

        try {
            await part();
        } catch (error) {
            ok(false, `${name}: goes on to its end`, error.stack);
        }
        say({ note: `${name}: ${Date.now() - begin} ms` });
    }

    await browser.close();
    say({ ended: true });
};

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
