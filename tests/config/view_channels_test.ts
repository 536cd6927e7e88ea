import { deepEqual, equal, throws } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";

const RUN = { out: "runs/a", data: "photos", model: "dinov2/vittest" };
type Args = Pick<TrainOptions, "transform_args" | "model_args">;

/** Channels of image and model, after checking that a second resolution changes nothing. */
function channelsOf(args: Args): [image: number, model: number | undefined] {
  const config = resolveConfig({ ...RUN, ...args });
  deepEqual(resolveConfig(config), config);
  return [config.transform_args.num_channels, config.model_args.in_chans];
}

function refuses(args: Args, ...problems: [key: string, message: string][]) {
  throws(
    () => resolveConfig({ ...RUN, ...args }),
    new ConfigError(problems.map(([key, message]) => ({ key, message }))),
  );
}

Deno.test("resolveConfig() gives model and views the same channels", () => {
  const channel_drop = { num_channels_keep: 2, weight_drop: [1, 1, 1] };
  deepEqual(channelsOf({}), [3, 3]);
  deepEqual(channelsOf({ transform_args: { num_channels: 4 } }), [4, 4]);
  deepEqual(channelsOf({ model_args: { in_chans: 1 } }), [1, 1]);
  deepEqual(channelsOf({ transform_args: { channel_drop } }), [3, 2]);
  deepEqual(channelsOf({ transform_args: { channel_drop }, model_args: { in_chans: 2 } }), [3, 2]);
});

Deno.test("resolveConfig() refuses a model of other channels than the views", () => {
  refuses({ transform_args: { num_channels: 1 }, model_args: { in_chans: 3 } }, [
    "model_args.in_chans",
    "must be transform_args.num_channels 1, the channels of a view, got 3",
  ]);
  const channel_drop = { num_channels_keep: 2, weight_drop: [1, 1, 1] };
  refuses({ transform_args: { channel_drop }, model_args: { in_chans: 3 } }, [
    "model_args.in_chans",
    "must be transform_args.channel_drop.num_channels_keep 2, the channels of a view, got 3",
  ]);
  refuses({ transform_args: { num_channels: 5 } }, [
    "transform_args.num_channels",
    "must be at most 4, got 5",
  ]);
  refuses({ model_args: { in_chans: 5 } }, ["model_args.in_chans", "must be at most 4, got 5"]);
});

Deno.test("resolveConfig() normalizes each kind of channel by its own mean and deviation", () => {
  const means = (num_channels: number) =>
    resolveConfig({ ...RUN, transform_args: { num_channels } }).transform_args.normalize;
  deepEqual(means(1), { mean: [0.449], std: [0.226] });
  deepEqual(means(2), { mean: [0.449, 0.5], std: [0.226, 0.5] });
  deepEqual(means(3), { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
  deepEqual(means(4), { mean: [0.485, 0.456, 0.406, 0.5], std: [0.229, 0.224, 0.225, 0.5] });
  const given = { num_channels: 2, normalize: { mean: [0.1, 0.2] } };
  deepEqual(resolveConfig({ ...RUN, transform_args: given }).transform_args.normalize, {
    mean: [0.1, 0.2],
    std: [0.226, 0.5],
  });
  // One number for the grey of a view that lost other channels, too: lists are the image's.
  const channel_drop = { num_channels_keep: 1, weight_drop: [0, 1] };
  const dropped = resolveConfig({ ...RUN, transform_args: { num_channels: 2, channel_drop } });
  equal(dropped.transform_args.normalize.mean.length, 2);
});

Deno.test("resolveConfig() refuses lists that do not fit the channels of an image", () => {
  const channel_drop = { num_channels_keep: 2, weight_drop: [1, 1, 1] };
  refuses(
    { transform_args: { num_channels: 4, channel_drop, normalize: { mean: [0], std: [1, 2] } } },
    ["transform_args.normalize.mean", "must have 4 values, one for each of num_channels, got [0]"],
    ["transform_args.normalize.std", "must have 4 values, one for each of num_channels, got [1,2]"],
    [
      "transform_args.channel_drop.weight_drop",
      "must have 4 values, one for each of num_channels, got [1,1,1]",
    ],
  );
  refuses({ transform_args: { num_channels: 1, normalize: { std: [0] } } }, [
    "transform_args.normalize.std.0",
    "must be more than 0, got 0",
  ]);
  refuses({ transform_args: { num_channels: "any" as "auto", normalize: { std: 3 as never } } }, [
    "transform_args.num_channels",
    'must be "auto" or a number, got "any"',
  ], ["transform_args.normalize.std", 'must be "auto" or a list of numbers, got 3']);
});

Deno.test("resolveConfig() refuses a channel_drop that cannot be drawn", () => {
  const drop = (num_channels_keep: number, weight_drop: number[]) => ({
    transform_args: { channel_drop: { num_channels_keep, weight_drop } },
  });
  refuses(drop(4, [1, 1, 1]), [
    "transform_args.channel_drop.num_channels_keep",
    "must be at most num_channels 3, got 4",
  ]);
  refuses(drop(1, [0, 1, 0]), [
    "transform_args.channel_drop.weight_drop",
    "must have at least 2 above 0, as many as are dropped, got [0,1,0]",
  ]);
  refuses(drop(1, [-1, 1, 1]), [
    "transform_args.channel_drop.weight_drop.0",
    "must be at least 0, got -1",
  ]);
});
