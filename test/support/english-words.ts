/** Words that an English sentence needs, and the other languages do not have. */
export const englishWords =
  /(?<![\p{L}\p{N}])(?:the|of|and|is|are|with|this|that|which|were|has|have|been|not|from|for|to|its|it|does|cannot|by|your|you|if)(?![\p{L}\p{N}])/u;
