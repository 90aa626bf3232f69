-- Each request with another wrong password, for another account, from another address.
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 3, 0, -1 do
      local digit = math.floor(bits / 64 ^ k) % 64 + 1
      out[#out + 1] = alphabet:sub(digit, digit)
    end
    if not b then out[#out - 1] = "=" end
    if not c then out[#out] = "=" end
  end
  return table.concat(out)
end

local number = 0
request = function()
  number = number + 1
  wrk.headers["Authorization"] = "Basic " .. base64("account" .. number % 50 .. ":guess" .. number)
  wrk.headers["X-Forwarded-For"] = "198.51." .. math.floor(number / 250) % 250 .. "." .. number % 250
  return wrk.format()
end
