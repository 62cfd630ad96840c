namespace EightByEight;
