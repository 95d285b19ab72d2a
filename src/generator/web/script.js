// What the page does with a script: copy buttons, steps that stay ticked off, and
// a result that follows what is typed.  The server renders everything.

'use strict';

(() => {
    const form = document.getElementById('form');
    const status = document.getElementById('status');
    const names = ['query', 'domain', 'mx', 'mode', 'tlsrpt_rua', 'max_age'];
    const touched = new Set(['query']);
    let shown = document.getElementById('result').outerHTML;
    let request = new AbortController();
    let typing = 0;
    let pause = 0;

    // A live region that gets the same text again would stay silent.

    const say = (text) => {
        const same = status.textContent === text;
        status.textContent = same ? `${text}\u00a0` : text;
    };

    const showOther = () => {
        document.getElementById('other').hidden =
            form.elements.max_age.value !== 'other';
    };

    // The steps that are done, by domain; a browser may refuse to keep them.

    const keyOf = (result) => (
        `mta-sts ${result.querySelector('#result-title').textContent}`);

    const readTicks = (result) => {
        try {
            return (localStorage.getItem(keyOf(result)) || '').split(' ');
        } catch (error) {
            return [];
        }
    };

    const writeTicks = (result) => {
        const done = [...result.querySelectorAll('[data-step]')]
            .filter((box) => box.checked).map((box) => box.dataset.step);
        try {
            localStorage.setItem(keyOf(result), done.join(' '));
        } catch (error) {
            // they last as long as the page
        }
    };

    const prepare = (result) => {
        const done = readTicks(result);

        for (const button of result.querySelectorAll('button.copy')) {
            button.hidden = false;
        }

        for (const box of result.querySelectorAll('[data-step]')) {
            box.checked = done.includes(box.dataset.step);
        }
    };

    // Over plain HTTP there is no navigator.clipboard.

    const copyText = async (element) => {
        try {
            await navigator.clipboard.writeText(element.textContent);
            return true;
        } catch (error) {
            getSelection().selectAllChildren(element);
            return document.execCommand('copy');
        }
    };

    const copy = async (button) => {
        const label = button.firstElementChild;

        if (!await copyText(document.getElementById(button.dataset.copy))) {
            say('Not copied. The text is selected.');
            return;
        }

        label.textContent = 'Copied';
        button.classList.add('done');
        say('Copied');

        clearTimeout(button.timer);
        button.timer = setTimeout(() => {
            label.textContent = 'Copy';
            button.classList.remove('done');
        }, 2000);
    };

    const showError = (page, name) => {
        const error = document.getElementById(`error-${name}`);
        const text = page.getElementById(error.id).textContent;

        if (error.textContent === text || (text && !touched.has(name))) {
            return;
        }

        error.textContent = text;

        form.querySelectorAll(`[aria-describedby~=${error.id}]`)
            .forEach((input) => (text
                ? input.setAttribute('aria-invalid', 'true')
                : input.removeAttribute('aria-invalid')));
    };

    const goToResult = () => {
        const result = document.getElementById('result');
        result.scrollIntoView();
        result.focus({ preventScroll: true });
    };

    // The last good result stays while the form has an error.

    const markStale = (text) => {
        const result = document.getElementById('result');
        const fresh = document.getElementById('fresh');

        if (fresh && !result.classList.contains('example')) {
            shown = '';
            result.classList.add('stale');
            fresh.textContent = text;
            say(text);
        }
    };

    const showResult = (page) => {
        const old = document.getElementById('result');
        const result = page.getElementById('result');
        const focused = document.activeElement.dataset.copy;
        const open = [...old.querySelectorAll('details')]
            .map((details) => details.open);

        // an equal one would only take away "Copied"

        if (result.outerHTML === shown) {
            return;
        }

        shown = result.outerHTML;
        prepare(result);
        result.querySelectorAll('details').forEach((details, i) => {
            details.open = open.length ? open[i] : details.open;
        });
        old.replaceWith(result);
        say('Result updated');

        const button = result.querySelector(`[data-copy="${focused}"]`);
        if (button) {
            button.focus();
        }
    };

    const show = (page, submitted) => {
        const summary = document.getElementById('summary');

        names.forEach((name) => showError(page, name));

        // there is a summary only after Generate

        if (page.getElementById('policy') || summary || submitted) {
            document.title = page.title;
            showResult(page);

        } else {
            markStale('From before your last change.');
        }
    };

    const stop = () => {
        clearTimeout(typing);
        request.abort();
    };

    // Returns whether the result is that of the form.

    const update = async (submitted) => {
        const url = `?${new URLSearchParams(new FormData(form))}`;

        stop();
        request = new AbortController();
        const { signal } = request;

        try {
            const response = await fetch(url, { signal });
            const text = await response.text();
            show(new DOMParser().parseFromString(text, 'text/html'),
                 submitted);
            history.replaceState(history.state, '',
                                 submitted ? `${url}#result` : url);
            return true;
        } catch (error) {
            if (!signal.aborted) {
                markStale('Not up to date: the server did not answer.');
            }
            return false;
        }
    };

    // An error is shown when its field is left or typing has paused: a name that
    // is half typed is none.

    const touch = (event) => {
        touched.add(event.target.name.replace('_other', ''));
        update(false);
    };

    form.addEventListener('input', (event) => {
        clearTimeout(typing);
        clearTimeout(pause);
        typing = setTimeout(update, 300, false);
        pause = setTimeout(touch, 1000, event);
        showOther();
    });

    form.addEventListener('change', (event) => {
        clearTimeout(pause);
        touch(event);
    });

    // A submission to the URL that the page has already would load nothing.

    form.addEventListener('submit', async (event) => {
        clearTimeout(pause);
        stop();

        if (event.submitter && event.submitter.name === 'format') {
            return;
        }

        event.preventDefault();
        names.forEach((name) => touched.add(name));

        if (await update(true)) {
            goToResult();
        }
    });

    document.addEventListener('click', (event) => {
        const button = event.target.closest('button.copy');
        if (button) {
            copy(button);
        }
    });

    document.addEventListener('change', (event) => {
        if (event.target.dataset.step) {
            writeTicks(event.target.closest('#result'));
        }
    });

    // A browser may restore what was typed after this has run.

    addEventListener('pageshow', () => {
        showOther();

        if ([...form.elements].some((input) => (
            input.checked !== input.defaultChecked
            || (input.name && 'defaultValue' in input
                && input.value !== input.defaultValue)))) {
            update(false);
        }
    });

    showOther();
    prepare(document.getElementById('result'));

    if (document.getElementById('summary')) {
        names.forEach((name) => touched.add(name));
    }

    if (location.hash === '#result') {
        goToResult();
    }
})();
