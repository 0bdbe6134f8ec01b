/** Of Checkout's API, as the pinned package calls it: a part of every address. */
export const ADYEN_API_VERSION = "72";
