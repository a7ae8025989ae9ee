// The words of the Network tab, with those of the sliders.

import { words as explore } from "./explore_words.js";

const SHARED = ["on", "alone", "aloneTitle", "up", "down", "remove", "from", "to", "swap", "ladderTitle", "late", "yes", "no", "unchanged"];

const own = {
  en: {
    title: "A trained network", none: "Choose the weights of a run, or start the studio with --weights FILE.", noRuns: "No run in the folder of logs has weights.",
    loading: "Loading {0}… Paddle takes some seconds; the other tabs go on meanwhile.", run: "Run", choose: "Load its weights", other: "Other weights…", train: "This trains a network in about a minute:",
    classes: "{0} classes", trainedWith: "trained with {0}",
    image: "An image", drop: "Drop a picture here, or choose a file…", fromData: "Evaluation images of {0}", photos: "Evaluation images", photo: "Evaluation image {0}", place: "image no. (0 to {0})", rightClass: "right class",
    noPicture: "Drop a picture to begin.", input: "The picture as the network gets it", opacity: "Opacity of the heat map", heat: "heat map", heatOf: "Where the network sees “{0}” (Grad-CAM; bright: most)",
    heatHint: "Choose a class to see its heat map.", noHeat: "There is no heat map: this network has no feature maps.", likeliest: "Likeliest classes", right: "right",
    draws: "Under augmentation", spec: "Augmentation, the same as in Explore", again: "Draw anew", shown: "{0} draws of this picture, each with the probability of the right class: {1}", meanOf: "mean {0}, from {1} to {2}", original: "unchanged", takenFor: "taken for {0}",
    mixOut: "The mix after + needs other images; here it is left out.", curve: "Probability of “{0}” over {1}", curveHint: "Move a slider: a curve over its whole span appears here.", curveText: "Mean of {0} draws at each of {1} strengths; the band goes from the least to the most.",
    evaluation: "The evaluation list", evaluate: "Evaluate {0} images", evaluating: "{0} of {1} images", evaluationText: "Accuracy with its interval, the worst mistakes and the most confused classes, as the command evaluate computes them.",
    accuracy: "Accuracy {0}", interval: "95 % interval {0} to {1}; {2} of {3} images are right", top5: "top-5 {0}", calibration: "expected calibration error {0}",
    mistakes: "Worst mistakes, the most certain first", noMistakes: "No mistakes.", truth: "is {0}", guess: "taken for {0}", sure: "{0} sure", pairs: "Most confused classes", pair: "{0} taken for {1}: {2} of {4} images, {3}", like: "{0}, recognised", close: "Close", noEvaluation: "There is nothing to evaluate on: {0}",
  },
  zh: {
    title: "训练好的网络", none: "请选择一次训练的权重，或用 --weights FILE 启动 studio。", noRuns: "日志文件夹中没有带权重的训练。",
    loading: "正在加载 {0}……导入 Paddle 需要几秒，其他标签页可以照常使用。", run: "训练", choose: "加载权重", other: "换一个权重…", train: "大约一分钟即可训练一个网络：",
    classes: "{0} 个类别", trainedWith: "训练时的数据增广：{0}",
    image: "图片", drop: "把图片拖到这里，或选择文件…", fromData: "{0} 的验证集图片", photos: "验证集图片", photo: "第 {0} 张验证集图片", place: "图片编号（0 到 {0}）", rightClass: "正确类别",
    noPicture: "拖入一张图片即可开始。", input: "网络实际得到的图片", opacity: "热力图不透明度", heat: "热力图", heatOf: "网络依据哪里判断为“{0}”（Grad-CAM，越亮越重要）",
    heatHint: "点击类别可查看它的热力图。", noHeat: "没有热力图：这个网络没有特征图。", likeliest: "最可能的类别", right: "正确",
    draws: "增广后的预测", spec: "数据增广（与“探索”页相同）", again: "重新抽样", shown: "这张图片的 {0} 次抽样，以及正确类别的概率：{1}", meanOf: "平均 {0}，范围 {1} 到 {2}", original: "未增广", takenFor: "误认为 {0}",
    mixOut: "+ 之后的混合需要其他图片，这里不作混合。", curve: "“{0}”的概率随 {1} 的变化", curveHint: "拖动滑块，这里会画出它整个范围上的曲线。", curveText: "在 {1} 个强度上各抽样 {0} 次取平均，色带为最小值到最大值。",
    evaluation: "验证集", evaluate: "评估 {0} 张图片", evaluating: "{0} / {1} 张图片", evaluationText: "准确率及其置信区间、最严重的错误和最易混淆的类别，数值与 evaluate 命令相同。",
    accuracy: "准确率 {0}", interval: "95 % 置信区间 {0} 到 {1}；{3} 张图片中 {2} 张正确", top5: "top-5 {0}", calibration: "期望校准误差 {0}",
    mistakes: "最严重的错误（按置信度从高到低）", noMistakes: "没有错误。", truth: "实为 {0}", guess: "误认为 {0}", sure: "置信度 {0}", pairs: "最易混淆的类别", pair: "{0} 误认为 {1}：{4} 张中有 {2} 张，占 {3}", like: "识别正确的 {0}", close: "关闭", noEvaluation: "没有可供评估的图片：{0}",
  },
};

export const words = Object.fromEntries(["en", "zh"].map(language => [
  language, { ...Object.fromEntries(SHARED.map(key => [key, explore[language][key]])), ...own[language] },
]));
