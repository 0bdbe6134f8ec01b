import { z } from "zod";

const itemShape = z.object({
  pspReference: z.string().min(1).max(200),
  originalReference: z.string().nullish(),
  merchantAccountCode: z.string(),
  merchantReference: z.string().nullish(),
  amount: z.object({ value: z.number().int(), currency: z.string() }),
  eventCode: z.string().min(1).max(40),
  success: z.union([z.enum(["true", "false"]), z.boolean()]).transform(String),
  eventDate: z.string().optional(),
  additionalData: z.record(z.string(), z.unknown()),
});

export const bodyShape = z.object({
  notificationItems: z.array(z.object({ NotificationRequestItem: itemShape })),
});

/** As it was sent; of it only what is signed decides. */
export type Item = z.infer<typeof itemShape>;
