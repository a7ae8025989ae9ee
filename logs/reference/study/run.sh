#!/bin/sh
# Train the runs of the study that README.md here describes. Start it in the top folder of the project,
# and again to continue:
#
#     PHOTOS16=… FLOWERS17=… HOTDOG=… CIFAR10=….tar.gz sh logs/reference/study/run.sh
set -e
out=${OUT:-logs/study}

mild="random_resized_crop(area=(0.5, 1))|hflip"
first="none,$mild,imgaugLib,trivialaugment"
notebook="userDef,allab,allba"
rest="hflip,random_resized_crop|hflip,randaugment,threeaugment"
mixed="trivialaugment+cutmix,trivialaugment+mixup"
sets="flowers17 photos16 hotdog cifar2000"

# compare NAME SET OPTIONS…: a comparison on a data set, in the folder NAME
compare() {
  name=$1 set=$2
  shift 2
  case $set in
    photos16) set -- --data "$PHOTOS16" "$@" ;;
    flowers17) set -- --data "$FLOWERS17" "$@" ;;
    hotdog) set -- --data "$HOTDOG" "$@" ;;
    cifar2000) set -- --data "cifar10:$CIFAR10" --first 2000 "$@" ;;
  esac
  python tools/compare.py --out "$out/$name" "$@"
}

# small SET MODES SEEDS, probe SET MODES SEEDS: from random weights, from ImageNet's; a quarter held back
small() {
  case $1 in cifar2000) size=32 ;; *) size=64 ;; esac
  compare "small-$1" "$1" --recipe small --image-size $size --modes "$2" --seeds "$3" --holdout 0.25
}
probe() {
  compare "probe-$1" "$1" --recipe probe --modes "$2" --seeds "$3" --holdout 0.25
}

# both SET MODES SEEDS [MIXED]
both() {
  small "$1" "$2${4:+,$4}" "$3"
  probe "$1" "$2" "$3"
}

# The learning rate of the recipe small, by images held back from three quarters.
rates() {
  compare rates-$1 $1 --recipe small --modes none,trivialaugment --seeds 1 --holdout 0.25 --learning-rates $2
}
rates flowers17 1e-3,3e-3,1e-2,3e-2

for seeds in 1 2 3; do
  for set in $sets; do both $set "$first" $seeds; done
done
for set in $sets; do probe $set "$first" 5; done

# How far the photos carry: 5, 10, 20, 40 and 60 images of each species.
few() {
  compare few-$1-$2 flowers17 --recipe $1 --modes "none,$4" --fractions $2 --epochs $3 --seeds 3
}
for part in 0.0834 0.1667 0.3334 0.6667 1; do few probe $part 50 "$mild"; done
few small 1 100 trivialaugment
few small 0.0834 300 trivialaugment
few small 0.1667 200 trivialaugment
few small 0.3334 150 trivialaugment
few small 0.6667 120 trivialaugment

# Other policies beside the first, and five seeds of what may be recommended.
for set in $sets; do small $set "$first,randaugment,$mild|trivialaugment" 3; done
for set in $sets; do small $set none,trivialaugment,randaugment 5; done

# What the notebook and its sequel say.
both photos16 "$first,$notebook" 3
compare sequel-photos16 photos16 --recipe small --modes none,samplePairing,mixup --seeds 3 --holdout 0.25

rates photos16 1e-3,3e-3,1e-2
for seeds in 1 2 3; do
  for set in $sets; do both $set "$first,$notebook,$rest" $seeds "$mixed"; done
done
