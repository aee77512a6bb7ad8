/** The part of the GraphiQL page by which a person signs in. The credentials are in memory only, as long as the page is. */
export const signInStyle = `
  #sign-in { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 8px 16px; font: 14px sans-serif; }
  #sign-in input { font: inherit; padding: 4px 6px; width: 150px; }
  #sign-in button { font: inherit; padding: 4px 12px; cursor: pointer; }
  #sign-in[data-state=in] .out, #sign-in[data-state=out] .in { display: none; }
  body { display: flex; flex-direction: column; margin: 0; height: 100dvh; overflow: hidden; }
  body > #root { flex: 1; min-height: 0; width: 100%; height: auto; }
  #root > div, #root .graphiql-container { width: 100%; height: 100%; }
  @media (max-width: 700px) {
    #sign-in label { display: block; margin-bottom: 6px; }
    #root .graphiql-sessions > div:has(> .graphiql-response) { flex-direction: column !important; }
    #root .graphiql-sessions > div > * { flex: 1 1 0 !important; min-height: 0; min-width: 0; }
    #root .graphiql-sessions > div > .graphiql-horizontal-drag-bar { display: none; }
    #root .graphiql-logo { display: none; }
  }
`;

export const signInForm = `
  <form id="sign-in" data-state="out" autocomplete="off">
    <span class="out">
      <label>User <input name="user" autocomplete="off"></label>
      <label>Password <input name="password" type="password" autocomplete="off"></label>
      <label>or API token <input name="token" type="password" autocomplete="off"></label>
      <button>Sign in</button>
    </span>
    <output></output>
    <button class="in" type="button">Sign out</button>
  </form>
`;

/** `whenSignedIn(work)` runs the work once, after the first sign-in. */
export const signInScript = `
  const whenSignedIn = (() => {
    // Earlier versions kept what was typed into the Headers tab.
    for (const name of Object.keys(localStorage))
      if (/authorization/i.test(localStorage.getItem(name))) localStorage.removeItem(name);
    const form = document.querySelector('#sign-in');
    const output = form.querySelector('output');
    let authorization;
    let work;
    const send = window.fetch.bind(window);
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
        const response = await send('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: given },
          body: JSON.stringify({ query: '{ viewer { name } }' }),
        });
        const { data, errors } = await response.json();
        if (!data?.viewer) throw new Error(errors?.[0]?.message ?? 'The gateway does not answer.');
        authorization = given;
        form.reset();
        form.dataset.state = 'in';
        output.textContent = 'Signed in as ' + data.viewer.name;
        work?.();
        work = undefined;
      } catch ({ message }) {
        output.textContent = message;
      }
    });
    form.querySelector('button.in').addEventListener('click', () => location.reload());
    form.elements.user.focus();
    // The page is large: a person may have signed in before all of it is there.
    return (given) => {
      if (authorization === undefined) work = given;
      else given();
    };
  })();
`;
