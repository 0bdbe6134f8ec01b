import { type TestApi, startTestApi } from "../support/api";

describe("pages of other origins", () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi({ ONCEPAY_CORS_ORIGINS: "https://shop.example" });
  });
  afterAll(() => api.stop());

  const preflight = (origin: string): Promise<Response> =>
    fetch(`${api.server.url}/graphql`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,oncepay-client-secret",
      },
    });

  it("may call the API when their origin is configured", async () => {
    const answer = await preflight("https://shop.example");
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect(answer.headers.get("access-control-allow-headers")).toContain("oncepay-client-secret");
  });

  it("may not when it is another", async () => {
    const answer = await preflight("https://thief.example");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("are shown when to come back", async () => {
    const { headers } = await api.send({
      query: "{ __typename }",
      headers: { origin: "https://shop.example" },
    });
    expect(headers.get("access-control-expose-headers")).toContain("retry-after");
  });
});
