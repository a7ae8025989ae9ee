#!/bin/sh
# Train the runs of the study that README.md here describes. Start it in the top folder of the project,
# and again to continue:
#
#     PHOTOS16=… FLOWERS17=… HOTDOG=… CIFAR10=….tar.gz sh logs/reference/study/run.sh
set -e
out=${OUT:-logs/study}

modes="none,hflip,random_resized_crop|hflip,random_resized_crop(area=(0.5, 1))|hflip"
modes="$modes,userDef,imgaugLib,allab,allba,trivialaugment,randaugment,threeaugment"
mixed="$modes,trivialaugment+cutmix,trivialaugment+mixup"

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
  python tools/compare.py --holdout 0.25 --out "$out/$name" "$@"
}

# The learning rate of the runs from random weights, by images held back from three quarters.
for set in flowers17 photos16; do
  compare rates-$set $set --recipe small --modes none,trivialaugment,allab --seeds 1 \
    --learning-rates 3e-4,1e-3,3e-3
done

for seeds in 1 2 3 4 5; do
  for set in flowers17 photos16 hotdog cifar2000; do
    case $set in cifar2000) size=32 ;; *) size=64 ;; esac
    compare small-$set $set --recipe small --image-size $size --modes "$mixed" --seeds $seeds
    compare probe-$set $set --recipe probe --modes "$modes" --seeds $seeds
  done
done
