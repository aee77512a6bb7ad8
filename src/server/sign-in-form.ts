/**
 * The sign-in form of the GraphiQL page. It uses the session of the browser, if there is one. Credentials that are entered
 * here are kept in memory only, until the page is closed.
 */
export const signInStyle = `
  #sign-in { font: 15px/1.4 system-ui, sans-serif; color: #1d2433; }
  #sign-in, #sign-in * { box-sizing: border-box; }
  #sign-in * { font: inherit; }
  #sign-in h1 { margin: 0 0 4px; font-size: 22px; font-weight: 650; }
  #sign-in p { margin: 0 0 20px; color: #596275; }
  #sign-in label { display: block; margin-bottom: 12px; }
  #sign-in input { display: block; width: 100%; margin-top: 4px; padding: 9px 11px; border: 1px solid #b9c0cd; border-radius: 8px; }
  #sign-in input:focus-visible, #sign-in button:focus-visible { outline: 2px solid #4338ca; outline-offset: 1px; }
  #sign-in button { padding: 9px 16px; border: 0; border-radius: 8px; background: #4338ca; color: #fff; font-weight: 600; cursor: pointer; }
  #sign-in[data-state=out] { width: min(380px, calc(100vw - 32px)); margin: 12vh auto 0; padding: 28px; border: 1px solid #e2e6ee; border-radius: 14px; box-shadow: 0 6px 24px #1d243314; background: #fff; }
  #sign-in[data-state=out] button { width: 100%; margin-top: 4px; }
  #sign-in[data-state=out] output { display: block; min-height: 21px; margin-top: 12px; color: #b3261e; }
  #sign-in[data-state=in] { display: flex; gap: 12px; align-items: center; justify-content: space-between; padding: 8px 16px; border-bottom: 1px solid #e2e6ee; }
  #sign-in[data-state=in] button { padding: 5px 12px; background: #eef0f6; color: #1d2433; }
  #sign-in[data-state=in] .out, #sign-in[data-state=out] .in { display: none; }
  body { display: flex; flex-direction: column; margin: 0; height: 100dvh; overflow: hidden; }
  body > #root { flex: 1; min-height: 0; width: 100%; height: auto; }
  #root > div, #root .graphiql-container { width: 100%; height: 100%; }
  @media (max-width: 700px) {
    #root .graphiql-sessions > div:has(> .graphiql-response) { flex-direction: column !important; }
    #root .graphiql-sessions > div > * { flex: 1 1 0 !important; min-height: 0; min-width: 0; }
    #root .graphiql-sessions > div > .graphiql-horizontal-drag-bar { display: none; }
    #root .graphiql-logo { display: none; }
  }
`;

export const signInForm = `
  <form id="sign-in" data-state="out" autocomplete="off">
    <div class="out">
      <h1>Gatehouse</h1>
      <p>Sign in to open GraphiQL. The first start of the gateway printed the passwords. With a second factor or a provider, <a href="/auth/sign-in?next=/graphql">sign in with a session</a>.</p>
      <label>User name or e-mail address <input name="user" autocomplete="off"></label>
      <label>Password <input name="password" type="password" autocomplete="off"></label>
      <label>Or an API token <input name="token" type="password" autocomplete="off"></label>
      <button>Sign in</button>
    </div>
    <output role="status"></output>
    <button class="in" type="button">Sign out</button>
  </form>
`;

/** `whenSignedIn(work)` runs the work once, after the first sign-in. */
export const signInScript = `
  const whenSignedIn = (() => {
    // Earlier versions stored the contents of the Headers tab.
    for (const name of Object.keys(localStorage))
      if (/authorization/i.test(localStorage.getItem(name))) localStorage.removeItem(name);
    const form = document.querySelector('#sign-in');
    const output = form.querySelector('output');
    let authorization;
    let isSignedIn = false;
    let work;
    const send = window.fetch.bind(window);
    const viewer = async (headers) => {
      const response = await send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ viewer { name } }' }),
      });
      const { data, errors } = await response.json();
      if (!data?.viewer) throw new Error(errors?.[0]?.message ?? 'The gateway does not answer.');
      return data.viewer;
    };
    const enter = ({ name }) => {
      isSignedIn = true;
      form.reset();
      form.dataset.state = 'in';
      output.textContent = 'Signed in as ' + name;
      work?.();
      work = undefined;
    };
    // The browser sends the cookie of a session, if there is one.
    viewer({}).then(enter, () => undefined);
    window.fetch = (input, init) => {
      const request = new Request(input, init);
      const isOwn = new URL(request.url).origin === location.origin;
      if (isOwn && authorization !== undefined && !request.headers.has('authorization'))
        request.headers.set('authorization', authorization);
      return send(request);
    };
    const basic = (text) => 'Basic ' + btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const { user, password, token } = Object.fromEntries(new FormData(form));
      const given = token ? 'Bearer ' + token.trim() : basic(user + ':' + password);
      output.textContent = 'Signing in …';
      try {
        const found = await viewer({ authorization: given });
        authorization = given;
        enter(found);
      } catch ({ message }) {
        output.textContent = message;
      }
    });
    form.querySelector('button.in').addEventListener('click', async () => {
      if (authorization === undefined) await send('/auth/sign-out', { method: 'POST' });
      location.reload();
    });
    form.elements.user.focus();
    // The page is large: a user can sign in before it has loaded completely.
    return (given) => {
      if (isSignedIn) given();
      else work = given;
    };
  })();
`;
