import type { ConfigProblem } from "./config_error.ts";
import type { ParsedConfig, TrainConfig } from "./train_config.ts";
import type { ParsedTransformArgs, TransformArgs } from "./transform_args.ts";

/** Mean and deviation of a channel of pixels from 0 to 1; of colors ImageNet's. */
const GRAY = { mean: 0.449, std: 0.226 }; // those of the colors, averaged
const ALPHA = { mean: 0.5, std: 0.5 };
const RGB = [
  { mean: 0.485, std: 0.229 },
  { mean: 0.456, std: 0.224 },
  { mean: 0.406, std: 0.225 },
];

/** By the number of channels that images are decoded to. */
const STATISTICS = [[], [GRAY], [GRAY, ALPHA], RGB, [...RGB, ALPHA]];

/** Channels of a view: those of an image, less the dropped ones. */
export function viewChannels(args: Pick<TransformArgs, "num_channels" | "channel_drop">): number {
  return args.channel_drop?.num_channels_keep ?? args.num_channels;
}

/** Settles the channels of images and views, what they are normalized by, and `in_chans`. */
export function withChannels(config: ParsedConfig) {
  const { transform_args: args, model_args } = config;
  const num_channels = imageChannels(args, model_args.in_chans);
  const transform_args = { ...args, num_channels, normalize: statisticsOf(args, num_channels) };
  const in_chans = model_args.in_chans ?? viewChannels(transform_args);
  return { ...config, model_args: { ...model_args, in_chans }, transform_args };
}

/** A model that takes another number of channels than 3 is given images of as many. */
function imageChannels({ num_channels, channel_drop }: ParsedTransformArgs, inChans = 3): number {
  if (num_channels !== "auto") return num_channels;
  return channel_drop === null ? inChans : 3;
}

function statisticsOf({ normalize }: ParsedTransformArgs, channels: number) {
  if (normalize === null) {
    return { mean: Array<number>(channels).fill(0), std: Array<number>(channels).fill(1) };
  }
  const { mean, std } = normalize;
  const known = channelStatistics(channels);
  return {
    mean: mean === "auto" ? known.mean : mean,
    std: std === "auto" ? known.std : std,
  };
}

/** What images of so many channels are normalized by, where nothing else is said. */
export function channelStatistics(channels: number): { mean: number[]; std: number[] } {
  const known = STATISTICS[channels];
  return { mean: known.map(({ mean }) => mean), std: known.map(({ std }) => std) };
}

/** What does not fit together about channels: lists of wrong length, too few to drop, the model. */
export function channelProblems({ transform_args, model_args }: TrainConfig): ConfigProblem[] {
  const { num_channels, channel_drop, normalize } = transform_args;
  const problems: ConfigProblem[] = [];
  const refuse = (key: string, must: string, got: unknown) =>
    problems.push({ key, message: `must ${must}, got ${JSON.stringify(got)}` });
  const checkLength = (name: string, values: number[]) => {
    if (values.length === num_channels) return;
    const count = num_channels === 1 ? "1 value" : `${num_channels} values`;
    refuse(`transform_args.${name}`, `have ${count}, one for each of num_channels`, values);
  };
  checkLength("normalize.mean", normalize.mean);
  checkLength("normalize.std", normalize.std);
  if (channel_drop !== null) {
    const { num_channels_keep, weight_drop } = channel_drop;
    const [dropped, key] = [num_channels - num_channels_keep, "transform_args.channel_drop"];
    checkLength("channel_drop.weight_drop", weight_drop);
    if (dropped < 0) {
      const must = `be at most num_channels ${num_channels}`;
      refuse(`${key}.num_channels_keep`, must, num_channels_keep);
    } else if (weight_drop.filter((weight) => weight > 0).length < dropped) {
      const must = `have at least ${dropped} above 0, as many as are dropped`;
      refuse(`${key}.weight_drop`, must, weight_drop);
    }
  }
  const channels = viewChannels(transform_args);
  if (model_args.in_chans !== channels) {
    const from = channel_drop === null ? "num_channels" : "channel_drop.num_channels_keep";
    const must = `be transform_args.${from} ${channels}, the channels of a view`;
    refuse("model_args.in_chans", must, model_args.in_chans);
  }
  return problems;
}
