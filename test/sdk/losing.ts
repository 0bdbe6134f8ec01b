/** A network that delivers every request, and loses this many answers to what was executed. */
export function losing(answers: number): typeof fetch {
  let lost = 0;
  return async (url, init) => {
    const response = await fetch(url, init);
    if (lost >= answers) return response;
    lost += 1;
    await response.text();
    throw new TypeError("the answer was lost");
  };
}
